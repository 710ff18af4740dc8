#include "vault/beside.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS_MAX 7

struct cv_beside {
    pthread_t threads[THREADS_MAX];
    size_t count, wanted; /* threads that are there; that may be */
    size_t idle;          /* of them, those that sleep */
    pthread_mutex_t lock;
    pthread_cond_t given, done;
    struct cv_task *first, **last; /* the queue */
    struct cv_task own;
    bool quit;
};

/* take(b, task): out of the queue: this one, or (NULL) the first there is; NULL if it is not there. */
static struct cv_task *take(struct cv_beside *b, struct cv_task *task)
{
    for (struct cv_task **at = &b->first; *at != NULL; at = &(*at)->next) {
        struct cv_task *t = *at;
        if (task != NULL && t != task)
            continue;
        *at = t->next;
        if (b->last == &t->next)
            b->last = at;
        t->state = CV_TASK_UNDER_WAY;
        return t;
    }
    return NULL;
}

/* perform(b, task): without the lock meanwhile. */
static void perform(struct cv_beside *b, struct cv_task *task)
{
    pthread_mutex_unlock(&b->lock);
    task->fn(task->arg);
    pthread_mutex_lock(&b->lock);
    task->state = CV_TASK_DONE;
    pthread_cond_broadcast(&b->done);
}

static void *serve(void *arg)
{
    struct cv_beside *b = arg;
    pthread_mutex_lock(&b->lock);
    while (!b->quit) {
        struct cv_task *task = take(b, NULL);
        if (task != NULL) {
            perform(b, task);
            continue;
        }
        b->idle++;
        pthread_cond_wait(&b->given, &b->lock);
        b->idle--;
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

static struct cv_beside *make(void)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct cv_beside *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->given, NULL);
    pthread_cond_init(&b->done, NULL);
    b->last = &b->first;
    b->wanted = cores <= 2 ? 1 : cores - 1 < THREADS_MAX ? (size_t)cores - 1 : THREADS_MAX;
    return b;
}

/* hire(b): one thread more, deaf to signals: they are the first thread's. */
static void hire(struct cv_beside *b)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&b->threads[b->count], NULL, serve, b) == 0)
        b->count++;
    else
        b->wanted = b->count; /* with those there are */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void cv_beside_give(struct cv_beside **b, struct cv_task *task)
{
    if (*b == NULL && (*b = make()) == NULL) {
        task->fn(task->arg);
        task->state = CV_TASK_DONE;
        return;
    }
    pthread_mutex_lock(&(*b)->lock);
    task->state = CV_TASK_QUEUED;
    task->next = NULL;
    *(*b)->last = task;
    (*b)->last = &task->next;
    if ((*b)->idle > 0)
        pthread_cond_signal(&(*b)->given);
    else if ((*b)->count < (*b)->wanted)
        hire(*b);
    pthread_mutex_unlock(&(*b)->lock);
}

void cv_beside_finish(struct cv_beside *b, struct cv_task *task)
{
    if (b == NULL)
        return;
    pthread_mutex_lock(&b->lock);
    while (task->state == CV_TASK_QUEUED || task->state == CV_TASK_UNDER_WAY) {
        struct cv_task *t = take(b, task->state == CV_TASK_QUEUED ? task : NULL);
        if (t != NULL)
            perform(b, t);
        else
            pthread_cond_wait(&b->done, &b->lock);
    }
    pthread_mutex_unlock(&b->lock);
}

void cv_beside_start(struct cv_beside **b, void (*fn)(void *arg), void *arg)
{
    if (*b == NULL && (*b = make()) == NULL) {
        fn(arg);
        return;
    }
    cv_beside_wait(*b);
    (*b)->own = (struct cv_task){ .fn = fn, .arg = arg };
    cv_beside_give(b, &(*b)->own);
}

void cv_beside_wait(struct cv_beside *b)
{
    if (b != NULL)
        cv_beside_finish(b, &b->own);
}

void cv_beside_free(struct cv_beside *b)
{
    if (b == NULL)
        return;
    cv_beside_wait(b);
    pthread_mutex_lock(&b->lock);
    b->quit = true;
    pthread_cond_broadcast(&b->given);
    pthread_mutex_unlock(&b->lock);
    for (size_t i = 0; i < b->count; i++)
        pthread_join(b->threads[i], NULL);
    pthread_cond_destroy(&b->given);
    pthread_cond_destroy(&b->done);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
