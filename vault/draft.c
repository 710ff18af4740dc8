#include "vault/draft.h"

#include <stdio.h>

#include "crypto/cobblestone.h"
#include "crypto/padme.h"
#include "formats/base64.h"
#include "vault/memory.h"

#define CONTEXT "casevault/1/draft"
#define DRAFT_MAX ((size_t)2 << 20) /* with its padding and seals, which are an eighth of it at most */
#define TEXT_MAX ((size_t)7 << 18)
#define PAD_LEAST 1024
#define FILE_BYTES 32

/* derived(v, what, name, out): no release key is mixed in, as it is for what is derived from records: an
 * erasure by a colleague does not take away what is being written. */
static cv_status derived(const struct cv_vault *v, const char *what, const char *name, struct cv_secret *out)
{
    struct cv_buf info = { 0 };
    cv_status st = cv_buf_printf(&info, "%s/%s", what, name);
    st =
        CV_THEN(st, cv_identity_derive(v->id, CV_ARR(cv_vault_policy(v)->vault_id), cv_buf_view(&info), out));
    cv_buf_free(&info);
    return st;
}

/* file_of(v, name, out): what it is called beside the memory of the vault. */
static cv_status file_of(const struct cv_vault *v, const char *name, char out[static FILE_BYTES])
{
    struct cv_secret secret = { 0 };
    char hex[17];
    cv_status st = derived(v, "draft-name", name, &secret);
    if (st == CV_OK) {
        cv_hex_encode(CV_BYTES(secret.p, 8), hex);
        snprintf(out, FILE_BYTES, "draft-%s", hex);
    }
    cv_secret_free(&secret);
    return st;
}

cv_status cv_draft_keep(const struct cv_vault *v, const char *name, const struct cv_json *draft,
                        struct cv_err *err)
{
    struct cv_secret key = { 0 };
    struct cv_buf text = { .max = TEXT_MAX }, padded = { 0 }, sealed = { .max = DRAFT_MAX };
    char file[FILE_BYTES], path[4096];
    cv_status st = file_of(v, name, file);
    st = CV_THEN(st, derived(v, "draft", name, &key));
    st = CV_THEN(st, cv_json_write(draft, &text));
    st = CV_THEN(st, cv_pad(cv_buf_view(&text), PAD_LEAST, &padded));
    st = CV_THEN(st,
                 cv_cobblestone_seal(cv_secret_view(&key), CV_LIT(CONTEXT), cv_buf_view(&padded), &sealed));
    if (st != CV_OK)
        st = cv_err_note(err, st, "the draft");
    st = CV_THEN(st, cv_memory_keep(cv_vault_policy(v)->vault, file, cv_buf_view(&sealed), path, err));
    cv_secret_free(&key);
    cv_buf_free(&text);
    cv_buf_free(&padded);
    cv_buf_free(&sealed);
    return st;
}

cv_status cv_draft_find(const struct cv_vault *v, const char *name, struct cv_json **out, struct cv_err *err)
{
    struct cv_secret key = { 0 };
    struct cv_buf sealed = { 0 }, padded = { 0 };
    struct cv_bytes text = { 0 };
    char file[FILE_BYTES];
    *out = NULL;
    cv_status st = file_of(v, name, file);
    st = CV_THEN(st, cv_memory_kept(cv_vault_policy(v)->vault, file, &sealed, err));
    st = CV_THEN(st, derived(v, "draft", name, &key));
    st = CV_THEN(st,
                 cv_cobblestone_open(cv_secret_view(&key), CV_LIT(CONTEXT), cv_buf_view(&sealed), &padded));
    st = CV_THEN(st, cv_unpad(cv_buf_view(&padded), &text));
    st = CV_THEN(st, cv_json_parse(text, DRAFT_MAX, "the draft", out, err));
    cv_secret_free(&key);
    cv_buf_free(&sealed);
    cv_buf_free(&padded);
    return st;
}

cv_status cv_draft_forget(const struct cv_vault *v, const char *name, struct cv_err *err)
{
    char file[FILE_BYTES];
    cv_status st = file_of(v, name, file);
    return CV_THEN(st, cv_memory_forget(cv_vault_policy(v)->vault, file, err));
}
