#ifndef CV_TEST_WORLD_H
#define CV_TEST_WORLD_H

#include "tape.h"
#include "vault/record.h"

/*
 * A small mission: what its members do (acts, each of them one thing that is acknowledged or is not), what
 * was promised with each, and whether a vault keeps it.
 */
#define SAID_MAX 4

/* What an act promises. */
struct promise {
    const char *act;
    size_t from, to; /* operations on the tape before it, and when it was acknowledged; to: 0 if it was not */
    struct said {
        char id[CV_ID_TEXT_BYTES];
        const char *name; /* the first name that it has from now on; NULL: no person */
        bool erased;      /* it is gone from now on */
    } said[SAID_MAX];
    size_t said_count;
    bool policy, package; /* there is one more */
    bool imported;        /* and who imported it knows it again */
};

struct world {
    char root[200];
    char print[64]; /* the vault's fingerprint */
    struct cv_identity founder, intake;
    struct cv_vault *v; /* as whom it is open now */
    const struct cv_identity *as;
    struct promise p[40];
    size_t count;
    char person[CV_ID_TEXT_BYTES], ana[CV_ID_TEXT_BYTES], bora[CV_ID_TEXT_BYTES];
    char the_case[CV_ID_TEXT_BYTES], partner[CV_ID_TEXT_BYTES];
};

/* So that they end and are filled now and then. */
#define SMALL_SEGMENT 98304
#define SMALL_BLOCK 6

/** world_small(v): a vault that was just opened goes on in such steps. */
void world_small(struct cv_vault *v);

/** One thing that somebody does, in an open vault. */
struct act {
    const char *name;
    const struct cv_identity *(*who)(struct world *w);
    cv_status (*run)(struct world *w, struct promise *p, struct cv_err *err);
    bool opens; /* in a process of its own */
};
extern const struct act world_acts[];
extern const size_t world_act_count;
extern const struct act world_few[]; /* what is done while calls fail */
extern const size_t world_few_count;

void world_new(struct world *w, const char *root);
void world_free(struct world *w);
/** world_do(w, act, t): do it, and keep the promise on ${t}. What it said. */
cv_status world_do(struct world *w, const struct act *a, struct tape *t, struct cv_err *err);
void world_close(struct world *w);
/** world_knows(v, name): does who imports know the row with this name again? */
bool world_knows(struct cv_vault *v, const char *name);

/**
 * world_holds(w, n, thorough, why): look at the vault as it is now: does it open, and is there what was
 * promised by acts that were acknowledged within ${n} operations, and of others all or nothing; can it be
 * written to, and does it verify then? ${thorough}: who imports knows its rows again.
 */
bool world_holds(struct world *w, size_t n, bool thorough, char why[static 400]);

#endif
