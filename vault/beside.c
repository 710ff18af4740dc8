#include "vault/beside.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

struct cv_beside {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void (*fn)(void *arg); /* NULL when there is nothing to do */
    void *arg;
    bool quit;
};

static void *serve(void *arg)
{
    struct cv_beside *b = arg;
    pthread_mutex_lock(&b->lock);
    while (!b->quit) {
        if (b->fn == NULL) {
            pthread_cond_wait(&b->changed, &b->lock);
            continue;
        }
        void (*fn)(void *) = b->fn;
        pthread_mutex_unlock(&b->lock);
        fn(b->arg);
        pthread_mutex_lock(&b->lock);
        b->fn = NULL;
        pthread_cond_broadcast(&b->changed);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

/* make(): the helper, deaf to signals: they are the first thread's. NULL if there can be none. */
static struct cv_beside *make(void)
{
    sigset_t all, before;
    struct cv_beside *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&b->thread, NULL, serve, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0)
        return b;
    free(b);
    return NULL;
}

void cv_beside_start(struct cv_beside **b, void (*fn)(void *arg), void *arg)
{
    if (*b == NULL)
        *b = make();
    if (*b == NULL) {
        fn(arg);
        return;
    }
    cv_beside_wait(*b);
    pthread_mutex_lock(&(*b)->lock);
    (*b)->fn = fn;
    (*b)->arg = arg;
    pthread_cond_broadcast(&(*b)->changed);
    pthread_mutex_unlock(&(*b)->lock);
}

void cv_beside_wait(struct cv_beside *b)
{
    if (b == NULL)
        return;
    pthread_mutex_lock(&b->lock);
    while (b->fn != NULL)
        pthread_cond_wait(&b->changed, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

void cv_beside_free(struct cv_beside *b)
{
    if (b == NULL)
        return;
    cv_beside_wait(b);
    pthread_mutex_lock(&b->lock);
    b->quit = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
