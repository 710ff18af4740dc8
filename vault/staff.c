#include "vault/staff.h"

#include "vault/glance.h"

#define TYPE "staff"
#define SECTION "directory"

static const char *directory(void *arg, const struct cv_version *of)
{
    (void)arg;
    (void)of;
    return SECTION;
}

static cv_status take(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct cv_json *names = arg;
    const char *who = cv_json_get_str(data, "pseudonym"), *name = cv_json_get_str(data, "name");
    (void)of;
    if (who == NULL || name == NULL)
        return CV_OK;
    cv_status st = cv_json_get(names, who) != NULL ? CV_OK : cv_json_set(names, who, cv_json_array());
    return CV_THEN(st, cv_json_push_word(cv_json_get(names, who), name));
}

cv_status cv_staff_names(struct cv_vault *v, const char *reason, struct cv_json **out, struct cv_err *err)
{
    struct cv_json *names = cv_json_object();
    const struct cv_glance g = { "list", "names of members", reason, directory, take, names, NULL, false };
    *out = NULL;
    cv_status st = names == NULL ? CV_ERR_NOMEM : CV_OK;
    if (st == CV_OK && cv_vault_may_read(v, SECTION))
        st = cv_glance_type(v, &g, TYPE, err);
    if (st == CV_OK)
        *out = names;
    else
        cv_json_free(names);
    return cv_err_note(err, st, "names of members");
}
