/*
 * The one function of bcryptprimitives.dll that Rust's standard library imports. Wine 8 lacks the
 * library; a program that imports it ends with status 53 and says nothing.
 */
#include <windows.h>

/* RtlGenRandom, whose documented way to be reached is this name in advapi32. It takes 32 bits. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

#define CHUNK ((SIZE_T)1 << 30)

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    while (length > 0) {
        ULONG part = (ULONG)(length < CHUNK ? length : CHUNK);
        if (!SystemFunction036(data, part)) {
            return FALSE;
        }
        data += part;
        length -= part;
    }
    return TRUE;
}
