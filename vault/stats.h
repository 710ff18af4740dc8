#ifndef CV_VAULT_STATS_H
#define CV_VAULT_STATS_H

#include "formats/figures.h"
#include "vault/record.h"

/**
 * Statistics: counts over the coded fields of the records of a type, as of a moment in the log that comes in
 * steps: the one when the last whole ${CV_STATS_STEP} of records was there. So the numbers of today and those
 * after the next record are the same, and whoever has both does not have that record.
 */
#define CV_STATS_STEP CV_FIGURES_STEP
#define CV_STATS_LEAST 11 /* k cannot be less */

struct cv_stats_ask {
    const char *type;
    const char *names[CV_SUPPRESS_DIMS]; /* of dimensions, each once */
    size_t count;
    uint64_t k;
    const char *detail; /* what the event says of it */
    const char *reason; /* NULL */
};
struct cv_stats {
    struct cv_figures figures;      /* its dimensions in the template's order, however they were asked for: */
    size_t place[CV_SUPPRESS_DIMS]; /* where each asked one is */
    uint64_t waiting, unread, entry; /* records that came after; that could not be read; up to which entry */
    struct cv_tally *tally;
};

/** cv_stats_field(v, type, name, section, out): the field that a dimension counts by; false: there is none.
 */
bool cv_stats_field(const struct cv_vault *v, const char *type, const char *name, const char **section,
                    struct cv_template_field *out);

/** cv_stats_count(v, ask, out, err): one event, which says what was counted and names no record, and then the
 * figures; to be freed. CV_ERR_NOKEY to who may not read coded fields: a refusal, logged; CV_ERR_ARG if there
 * is no such dimension, or the vault asks why; CV_ERR_LIMIT as cv_tally_figures. */
CV_MUST_CHECK cv_status cv_stats_count(struct cv_vault *v, const struct cv_stats_ask *ask,
                                       struct cv_stats *out, struct cv_err *err);
void cv_stats_free(struct cv_stats *s);

#endif
