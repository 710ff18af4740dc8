#include "cmd/audit_tiles.h"

#include <inttypes.h>

#include "formats/base64.h"
#include "vault/follow.h"

static cv_status set_count(struct cv_json *o, const char *name, uint64_t n)
{
    return cv_json_set(o, name, cv_json_int((int64_t)n));
}

static cv_status answer(const struct cv_ui *ui, const struct cv_followed *f, const char *print,
                        const char *root)
{
    struct cv_json *o = cv_json_object(), *kinds = cv_json_object();
    cv_status st = CV_OK;
    for (int k = 0; k < CV_KIND_COUNT && st == CV_OK; k++)
        if (f->counts[k] > 0)
            st = set_count(kinds, cv_kind_name((enum cv_kind)k), f->counts[k]);
    st = CV_THEN(st, cv_json_set(o, "ok", cv_json_bool(true)));
    st = CV_THEN(st, cv_json_set(o, "fingerprint", cv_json_str(print)));
    st = CV_THEN(st, set_count(o, "size", f->size));
    st = CV_THEN(st, set_count(o, "before", f->before));
    st = CV_THEN(st, cv_json_set(o, "root", cv_json_str(root)));
    if (st == CV_OK) {
        st = cv_json_set(o, "new", kinds);
        kinds = NULL;
    }
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(kinds);
    cv_json_free(o);
    return st;
}

static void say(const struct cv_followed *f, const char *print, const char *root)
{
    const char *before = " (";
    if (f->known)
        cv_print_n(stdout, f->before,
                   "The published log goes on from the %" PRIu64 " entry you saw; %" PRIu64 " are new",
                   "The published log goes on from the %" PRIu64 " entries you saw; %" PRIu64 " are new",
                   f->before, f->size - f->before);
    else
        cv_print_n(stdout, f->size, "The published log is whole, from its first entry: %" PRIu64 " entry",
                   "The published log is whole, from its first entry: %" PRIu64 " entries", f->size);
    for (int k = 0; k < CV_KIND_COUNT; k++)
        if (f->counts[k] > 0) {
            printf("%s%" PRIu64 " %s", before, f->counts[k], _(cv_kind_name((enum cv_kind)k)));
            before = ", ";
        }
    printf("%s.\n", before[0] == ',' ? ")" : "");
    if (f->new_key)
        cv_print("Its checkpoint is signed by the new key you gave, which is remembered now.\n");
    cv_print("Head: %" PRIu64 " %s\nVault: %s\n", f->size, root, print);
}

cv_status cv_audit_tiles(struct cv_ui *ui, const char *base, const char *log_key)
{
    struct cv_followed followed;
    struct cv_buf root = { 0 };
    char print[CV_FINGERPRINT_BYTES];
    cv_status st = cv_follow(base, log_key, &followed, &ui->err);
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_ARR(followed.root.b), &root));
    st = CV_THEN(st, cv_buf_append(&root, CV_LIT("\0")));
    if (st == CV_OK) {
        cv_vault_fingerprint(followed.vault, print);
        if (ui->json)
            st = answer(ui, &followed, print, (const char *)root.p);
        else
            say(&followed, print, (const char *)root.p);
    }
    cv_buf_free(&root);
    return st;
}
