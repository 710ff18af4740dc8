#ifndef CV_VAULT_BESIDE_H
#define CV_VAULT_BESIDE_H

/**
 * Work done beside the caller's own, on the other cores. What the work reads must not be changed before it is
 * waited for; JSON may be shared, since its reference counts are atomic. The threads are made with the first
 * work, as many as there are cores beside the caller's; where none can be made, who waits does the work.
 */
struct cv_beside;

/** A piece of work: its owner's memory, which stays where it is until cv_beside_finish. */
struct cv_task {
    void (*fn)(void *arg);
    void *arg;
    struct cv_task *next;
    enum { CV_TASK_NONE, CV_TASK_QUEUED, CV_TASK_UNDER_WAY, CV_TASK_DONE } state;
};

/** cv_beside_give(b, task): have task->fn(task->arg) called, in its turn. */
void cv_beside_give(struct cv_beside **b, struct cv_task *task);

/** cv_beside_finish(b, task): until it is done; the caller works on what is queued meanwhile, this one first.
 * A task that was never given is done. */
void cv_beside_finish(struct cv_beside *b, struct cv_task *task);

/** cv_beside_start(b, fn, arg), cv_beside_wait(b): the same with a task of ${b}'s own; one at a time. */
void cv_beside_start(struct cv_beside **b, void (*fn)(void *arg), void *arg);
void cv_beside_wait(struct cv_beside *b);

/** cv_beside_free(b): nothing may be given that was not finished. NULL is allowed. */
void cv_beside_free(struct cv_beside *b);

#endif
