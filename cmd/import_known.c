#include "cmd/import_known.h"

#include <inttypes.h>
#include <stdlib.h>

#define AT_ONCE 4000 /* persons are asked for together: each asking brings the search index up to date */

struct cv_import_known {
    struct cv_ui *ui;
    struct cv_alike *alike;
    bool dry;
    size_t standing; /* of those to be asked for: in commits that stand */
    uint64_t found;
};

cv_status cv_import_known_new(struct cv_ui *ui, struct cv_vault *v, const char *reason, bool dry,
                              struct cv_import_known **out)
{
    struct cv_import_known *k;
    *out = NULL;
    if (cv_vault_policy(v)->reason_required && reason == NULL) {
        cv_ui_say(ui, "Not looked whether persons are known: this vault asks why; add --reason TEXT.");
        return CV_OK;
    }
    k = calloc(1, sizeof(*k));
    if (k == NULL)
        return CV_ERR_NOMEM;
    k->ui = ui;
    k->dry = dry;
    cv_status st = cv_alike_new(v, reason, &k->alike, &ui->err);
    if (st == CV_OK)
        *out = k;
    else
        cv_import_known_free(k);
    return st;
}

void cv_import_known_free(struct cv_import_known *k)
{
    if (k == NULL)
        return;
    cv_alike_free(k->alike);
    free(k);
}

void cv_import_known_forget(struct cv_import_known *k)
{
    cv_alike_forget(k->alike, k->standing);
}

/* on_similar: a cv_alike_fn; the tag is the line. */
static cv_status on_similar(void *arg, uint64_t line, const struct cv_json *similar)
{
    struct cv_import_known *k = arg;
    cv_status st = CV_OK;
    k->found++;
    if (!k->ui->json) {
        fflush(stdout);
        cv_print_to(stderr, "line %" PRIu64 ": this person may be known already:\n", line);
        cv_similar_print(similar);
        return CV_OK;
    }
    struct cv_json *o = cv_json_object();
    st = cv_json_set(o, "line", cv_json_int((int64_t)line));
    st = CV_THEN(st, cv_json_set(o, "similar", cv_json_copy(similar)));
    st = CV_THEN(st, cv_ui_answer(k->ui, o));
    cv_json_free(o);
    return st;
}

static cv_status tell(struct cv_import_known *k)
{
    k->standing = 0;
    return cv_alike_find(k->alike, on_similar, k, &k->ui->err);
}

cv_status cv_import_known_stand(struct cv_import_known *k)
{
    k->standing = cv_alike_count(k->alike);
    return k->standing >= AT_ONCE ? tell(k) : CV_OK;
}

cv_status cv_import_known_add(struct cv_import_known *k, uint64_t line, const struct cv_json *record,
                              const char *id)
{
    cv_status st = cv_alike_add(k->alike, record, id, line, &k->ui->err);
    return st == CV_OK && k->dry && cv_alike_count(k->alike) >= AT_ONCE ? tell(k) : st;
}

cv_status cv_import_known_end(struct cv_import_known *k)
{
    cv_status st = tell(k);
    if (k->found > 0)
        cv_ui_say_n(
            k->ui, k->found,
            "%" PRIu64 " person may be known already. Nothing was merged: `record link` joins two records.",
            "%" PRIu64 " persons may be known already. Nothing was merged: `record link` joins two records.",
            k->found);
    return CV_THEN(st, cv_similar_limits(k->ui, k->alike));
}
