/* The frames that an exception nobody caught jumps to.
 *
 * A jump ends all frames up to here at once and runs nothing of theirs, so between these frames and the
 * one that throws there must be compiled Qi code only, and the function that throws. Rust never calls
 * setjmp: it returns twice, and Rust has no word for that.
 */
#include <setjmp.h>

int qi_lang_guard(void (*run)(void *), void *argument, void **escape);
void qi_lang_turns(void *(*next)(void *, int), void (*resume)(void *), void *turns, void **escape);
void qi_lang_jump(void *buffer);

/* Calls run(argument); 1 if it was left by a jump to *escape, which is the outer one again afterwards. */
int qi_lang_guard(void (*run)(void *), void *argument, void **escape)
{
    jmp_buf here;
    /* volatile: read after a jump. */
    void **volatile slot = escape;
    void *volatile outer = *escape;

    *escape = &here;
    if (_setjmp(here) == 0) {
        run(argument);
        *slot = outer;
        return 0;
    }
    *slot = outer;
    return 1;
}

/* Resumes what next(turns, how) gives, until that is null; how is 1 if the last one was left by a jump.
 * One mark serves them all, since this frame lives until the last: setting it costs more than a turn.
 * While next runs the mark is not there: it may be called by a jump's landing, but never left by one. */
void qi_lang_turns(void *(*next)(void *, int), void (*resume)(void *), void *turns, void **escape)
{
    jmp_buf here;
    /* volatile: read after a jump. */
    void **volatile slot = escape;
    void *volatile outer = *escape;
    volatile int thrown = 0;

    if (_setjmp(here) != 0)
        thrown = 1;
    for (;;) {
        *slot = outer;
        void *frame = next(turns, thrown);
        if (!frame)
            return;
        thrown = 0;
        *slot = &here;
        resume(frame);
    }
}

/* Goes to where that buffer was filled; it does not return. */
void qi_lang_jump(void *buffer)
{
    longjmp(*(jmp_buf *)buffer, 1);
}
