#ifndef CV_VAULT_CODED_H
#define CV_VAULT_CODED_H

#include "vault/head_walk.h"

/**
 * The coded fields of many records. Each version's are opened and verified once; then they stand, sealed
 * under a key of this member, in the catalog, some thousand entries of the log together, so that the next
 * count costs what is new. That key mixes in what an erasure replaces: afterwards all is opened again, and
 * what was erased is not there.
 */
struct cv_coded_ask {
    const char *type, *section;
    const char *detail; /* what the event says: of which records, and what for */
    const char *reason; /* NULL */
    cv_status (*take)(void *arg, const struct cv_json *data);
    void *arg;
};

/** cv_coded_each(v, ask, walk, err): one event `stats`, which names no record, and one `list` for each lot of
 * entries in which there is something new to be opened; the data of each of these versions that could be
 * read, in any order. ${walk} is in order of entries.
 * CV_ERR_ARG if the vault asks why and there is no reason; what ${take} says; CV_ERR_IO; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_coded_each(struct cv_vault *v, const struct cv_coded_ask *ask,
                                      const struct cv_head_walk *walk, struct cv_err *err);

/* Progress of what is opened is told after so many versions, if there are as many: 1,000, or fewer in tests.
 */
extern size_t cv_coded_told;
/* So many entries of the log are a lot: 4,096, or fewer in tests. */
extern uint64_t cv_coded_lot;

#endif
