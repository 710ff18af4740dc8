#ifndef CV_CMD_FACTS_H
#define CV_CMD_FACTS_H

#include "cmd/cmd.h"
#include "vault/consent.h"
#include "vault/partner.h"

/* What is known of a record besides what it says: its versions, and the consents of a person, or in a case;
 * of any other record, where they are: its one person's, or each one's. */
struct cv_facts {
    const char *person; /* borrowed from the record; or NULL */
    struct cv_versions versions;
    size_t erased; /* versions that are gone */
    enum {
        CV_FACTS_NONE,
        CV_FACTS_CLOSED,
        CV_FACTS_MANY,
        CV_FACTS_ELSEWHERE,
        CV_FACTS_READ
    } looked; /* at consents */
    struct cv_consents consents;
    struct cv_partners partners; /* whom they name */
};
/** cv_facts_load(ui, v, r, consents, reason, out): of a record that was read; without consents where they are
 * not asked for. Theirs is an event of its own, before any is opened; who may not read them, and nothing is
 * lost by that, is not refused. As cv_consents. End with cv_facts_free, also after a failure. */
CV_MUST_CHECK cv_status cv_facts_load(struct cv_ui *ui, struct cv_vault *v, const struct cv_record *r,
                                      bool consents, const char *reason, struct cv_facts *out);
/** cv_facts_print(f, r): on stdout, in a few lines. */
void cv_facts_print(const struct cv_facts *f, const struct cv_record *r);
void cv_facts_free(struct cv_facts *f);

#endif
