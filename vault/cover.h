#ifndef CV_VAULT_COVER_H
#define CV_VAULT_COVER_H

#include "vault/consent.h"
#include "vault/partner.h"

/**
 * Does consent cover what is to leave? For each person whose data is in it, and each section: a consent that
 * is in force today, given by this person, for this purpose, to this partner or to partners of this kind, and
 * that names the section; a section that needs a consent of its own is covered by one that names it alone. A
 * later refusal or withdrawal, for the same purpose, recipient and section, ends what was given before it.
 */
struct cv_cover {
    const struct cv_template *template;
    const struct cv_consents *consents;
    const char *purpose, *partner, *kind; /* record id; what kind of organisation it is, or NULL */
    const char *today;
};

/** cv_cover(c, person, section, why): the consent that covers it; else NULL, and ${why} says in plain words
 * what there is instead. */
const struct cv_consent *cv_cover(const struct cv_cover *c, const char *person, const char *section,
                                  const char **why);

/**
 * cv_cover_all(c, items, consents, missing): of every item of a plan ({"subjects":[person
 * ids],"needs":[sections that leave]}): append to ${consents} {"person","record","version","sections"}, and
 * to ${missing}
 * {"person","section","why"}; a need of nobody's is missing, too: with "person":"-". CV_OK; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_cover_all(const struct cv_cover *c, const struct cv_json *items,
                                     struct cv_json *consents, struct cv_json *missing);

#endif
