/* Loses memory and reads what it has freed, on purpose: what looks for such faults must find them. */
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
    volatile char *freed = malloc(64);
    volatile char *lost = malloc(4096);
    (void)arguments;
    lost[0] = 1;
    lost = NULL;
    free((void *)freed);
    if (count > 1) {
        printf("%d\n", freed[1]);
    }
    puts("fine");
    return 0;
}
