#ifndef CV_VAULT_PARTNER_H
#define CV_VAULT_PARTNER_H

#include "vault/record.h"

/* Partners: whom packages may go to. Each is an ordinary record of type `partner`, its section `directory`:
 * {"name","purpose","country","age_recipient":"age1..." or "passphrase","fingerprint" that was read
 * out,"confirmed":a day,...}. Whatever a member stored is there: whether the recipient is a good one, who
 * uses it must see. */

struct cv_partner_info {
    char id[CV_ID_TEXT_BYTES];
    uint64_t version;
    struct cv_json *directory;
};
/** cv_partner_confirmed(directory): is the fingerprint that was read out that of the key that stands there
 * now? */
bool cv_partner_confirmed(const struct cv_json *directory);
void cv_partner_free(struct cv_partner_info *p);

struct cv_partners {
    struct cv_partner_info *p;
    size_t count;
};
void cv_partners_free(struct cv_partners *list);

/** cv_partners(v, reason, out, err): those that this member may see, as their last versions say, the newest
 * entry last; under one `list` event, if there are any. Statuses as cv_glance_type. */
CV_MUST_CHECK cv_status cv_partners(struct cv_vault *v, const char *reason, struct cv_partners *out,
                                    struct cv_err *err);

/** cv_partner_find(v, id_or_name, reason, out, err): by record id (a `read` event), or by the exact name (as
 * cv_partners). CV_OK; CV_ERR_NOTFOUND; CV_ERR_ARG if the record is no partner, or if several have the name;
 * CV_ERR_NOKEY, logged; as cv_record_read. Free with cv_partner_free. */
CV_MUST_CHECK cv_status cv_partner_find(struct cv_vault *v, const char *id_or_name, const char *reason,
                                        struct cv_partner_info *out, struct cv_err *err);

#endif
