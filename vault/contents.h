#ifndef CV_VAULT_CONTENTS_H
#define CV_VAULT_CONTENTS_H

#include "vault/audit.h"

/**
 * What only auditors can verify: that the events are all there. Structure shows that an entry was written;
 * the events of its commit must say so: a record version that somebody created, edited or imported, the first
 * piece of a document, a policy, an erasure; and a package was preceded by its export.
 */
struct cv_contents {
    uint64_t events, records, documents, policies, erasures, packages; /* that were held against each other */
    uint64_t faults;                                                   /* told through the callback */
    uint64_t backward; /* events whose time is before that of the event before: clocks differ */
    uint64_t backward_first;
};

/** Told of each fault: the entry, and what is wrong with it. */
typedef void (*cv_contents_fn)(void *arg, uint64_t index, const char *what);

/** cv_contents_check(v, fn, arg, out, err): every event against the entries of its commit; it is itself an
 * event. CV_OK; CV_ERR_LOG after all faults were told, naming how many; as cv_audit_events. */
CV_MUST_CHECK cv_status cv_contents_check(struct cv_vault *v, cv_contents_fn fn, void *arg,
                                          struct cv_contents *out, struct cv_err *err);

#endif
