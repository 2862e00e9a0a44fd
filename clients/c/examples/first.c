/*
 * The smallest program: waits for its turn, works, gives the key back.
 *
 *     cc first.c $(pkg-config --cflags --libs lockq) -o first
 */
#include <stdio.h>

#include <lockq/lockq.h>

int main(void)
{
    static const char *const keys[] = {"Project/25"};
    struct lockq_submit submit = LOCKQ_SUBMIT_INIT;
    struct lockq *lockq = lockq_open(NULL); /* the default address, or LOCKQ_ADDR */
    struct lockq_view view;

    submit.keys = keys;
    submit.n_keys = 1;
    submit.why = "new prices"; /* whoever waits behind it will read this */
    if (lockq_acquire(lockq, &submit, LOCKQ_FOREVER, &view) != LOCKQ_OK) {
        fprintf(stderr, "first: %s\n", lockq_why(lockq));
        lockq_close(lockq);
        return 1;
    }
    if (view.state == LOCKQ_GRANTED) {
        printf("it is our turn, token %llu\n", (unsigned long long)view.token);
        lockq_release(lockq, view.op, view.token, "done", 10000, NULL);
    } else {
        printf("not granted: %s\n", view.end);
    }
    lockq_close(lockq);
    return view.state == LOCKQ_GRANTED ? 0 : 75;
}
