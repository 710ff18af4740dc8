#ifndef CV_VAULT_BESIDE_H
#define CV_VAULT_BESIDE_H

/**
 * One piece of work done beside the caller's own, on another core. What the work reads must not be changed
 * before cv_beside_wait; JSON may be shared, since its reference counts are atomic.
 */
struct cv_beside;

/** cv_beside_start(b, fn, arg): call fn(arg) in the helper thread, which is made with the first work; if it
 * cannot be made, fn(arg) has been called when this returns. One piece at a time. */
void cv_beside_start(struct cv_beside **b, void (*fn)(void *arg), void *arg);

/** cv_beside_wait(b): until the work is done. Without work: at once. */
void cv_beside_wait(struct cv_beside *b);

/** cv_beside_free(b): wait, end the thread. NULL is allowed. */
void cv_beside_free(struct cv_beside *b);

#endif
