#include "formats/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/base64.h"
#include "formats/checkpoint.h"
#include "formats/keyfile.h"

/* complete(w): what follows from the seed. */
static cv_status complete(struct cv_witness *w)
{
    cv_status st = cv_ed25519_key_new(cv_secret_view(&w->seed), &w->key);
    if (st == CV_OK)
        memcpy(w->public.public, cv_ed25519_public(w->key), sizeof(w->public.public));
    return st;
}

/* give(st, w, out): to the caller, if all went well. */
static cv_status give(cv_status st, struct cv_witness *w, struct cv_witness *out, struct cv_err *err)
{
    if (st == CV_OK) {
        *out = *w;
        memset(w, 0, sizeof(*w));
    }
    cv_witness_free(w);
    return cv_err_note(err, st, "witness key");
}

cv_status cv_witness_new(const char *name, struct cv_witness *out, struct cv_err *err)
{
    struct cv_witness w = { 0 };
    char print[CV_FINGERPRINT_BYTES];
    memset(out, 0, sizeof(*out));
    if (name != NULL && !cv_cosignature_name_ok(name))
        return cv_fail(err, CV_ERR_ARG,
                       "a witness's name is 1 to %d of printable ASCII, without spaces and plus, for "
                       "example auditor.example/w1",
                       CV_NOTE_NAME_MAX);
    cv_status st = cv_secret_random(&w.seed, CV_ED25519_SEED_BYTES);
    st = CV_THEN(st, complete(&w));
    st = CV_THEN(st, cv_fingerprint(CV_ARR(w.public.public), print));
    if (st == CV_OK && name == NULL)
        snprintf(w.public.name, sizeof(w.public.name), "casevault-witness/%s", print);
    else if (st == CV_OK)
        snprintf(w.public.name, sizeof(w.public.name), "%s", name);
    return give(st, &w, out, err);
}

void cv_witness_free(struct cv_witness *w)
{
    if (w == NULL)
        return;
    cv_ed25519_key_free(w->key);
    cv_secret_free(&w->seed);
    memset(w, 0, sizeof(*w));
}

cv_status cv_witness_seal(const struct cv_witness *w, struct cv_bytes passphrase, unsigned log_n,
                          struct cv_buf *file, struct cv_err *err)
{
    struct cv_buf text = { .max = CV_KEYFILE_TEXT_MAX, .secret = true };
    cv_status st = cv_buf_printf(&text, "casevault witness v1\nname %s\nsign ", w->public.name);
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_URL, cv_secret_view(&w->seed), &text));
    st = CV_THEN(st, cv_buf_str(&text, "\n"));
    st = CV_THEN(st, cv_keyfile_seal(cv_buf_view(&text), passphrase, log_n, file, err));
    cv_buf_free(&text);
    return cv_err_note(err, st, "witness key");
}

/* after(line, word, out): what follows ${word} in it. */
static bool after(struct cv_bytes l, const char *word, struct cv_bytes *out)
{
    const size_t n = strlen(word);
    if (l.n <= n || memcmp(l.p, word, n) != 0)
        return false;
    *out = CV_BYTES(l.p + n, l.n - n);
    return true;
}

static cv_status parse_key(struct cv_bytes rest, struct cv_witness *w, struct cv_err *err)
{
    struct cv_bytes title, name, seed;
    if (!cv_bytes_line(&rest, "", &title) || !cv_bytes_equal(title, CV_LIT("casevault witness v1")))
        return cv_fail(err, CV_ERR_FORMAT, "not a casevault witness key of version 1");
    if (!cv_bytes_line(&rest, "", &name) || !after(name, "name ", &name) ||
        !cv_bytes_line(&rest, "", &seed) || !after(seed, "sign ", &seed) || rest.n != 0 ||
        name.n > CV_NOTE_NAME_MAX || memchr(name.p, '\0', name.n) != NULL)
        return cv_fail(err, CV_ERR_FORMAT, "its three lines are not as they should be");
    memcpy(w->public.name, name.p, name.n);
    if (!cv_cosignature_name_ok(w->public.name))
        return cv_fail(err, CV_ERR_FORMAT, "its name is not a witness's");
    cv_status st = cv_secret_alloc(&w->seed, CV_ED25519_SEED_BYTES);
    st = CV_THEN(st, cv_base64_decode_exact(CV_BASE64_URL, seed, w->seed.p, w->seed.n));
    return CV_THEN(st, complete(w));
}

cv_status cv_witness_open(struct cv_bytes file, struct cv_bytes passphrase, struct cv_witness *out,
                          struct cv_err *err)
{
    struct cv_witness w = { 0 };
    struct cv_buf text = { .max = CV_KEYFILE_TEXT_MAX, .secret = true };
    memset(out, 0, sizeof(*out));
    cv_status st = cv_keyfile_open(file, passphrase, &text, err);
    st = CV_THEN(st, parse_key(cv_buf_view(&text), &w, err));
    cv_buf_free(&text);
    return give(st, &w, out, err);
}

/* ---- what it is asked ---- */

cv_status cv_witness_request_write(uint64_t old, struct cv_bytes proof, struct cv_bytes note,
                                   struct cv_buf *out)
{
    const size_t start = out->n;
    if (proof.n % 32 != 0 || proof.n > (size_t)32 * CV_WITNESS_HASHES_MAX)
        return CV_ERR_ARG;
    cv_status st = cv_buf_printf(out, "old %" PRIu64 "\n", old);
    for (size_t at = 0; at < proof.n && st == CV_OK; at += 32) {
        st = cv_base64_encode(CV_BASE64_STD, CV_BYTES(proof.p + at, 32), out);
        st = CV_THEN(st, cv_buf_str(out, "\n"));
    }
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    st = CV_THEN(st, cv_buf_append(out, note));
    if (st == CV_OK && out->n - start > CV_WITNESS_REQUEST_MAX)
        st = CV_ERR_LIMIT;
    if (st != CV_OK)
        cv_buf_truncate(out, start);
    return st;
}

/* parse_head(text, out): the checkpoint, without the lines that its log may have added: they are signed, but
 * a witness says nothing of them. */
static cv_status parse_head(struct cv_bytes text, struct cv_witness_request *out, struct cv_err *err)
{
    struct cv_bytes rest = text, l;
    struct cv_checkpoint c;
    for (int i = 0; i < 3; i++)
        if (!cv_bytes_line(&rest, "", &l))
            return cv_fail(err, CV_ERR_FORMAT, "the note is not a checkpoint");
    for (struct cv_bytes more = rest; more.n > 0;)
        if (!cv_bytes_line(&more, "", &l) || l.n == 0)
            return cv_fail(err, CV_ERR_FORMAT, "the checkpoint has an empty line");
    cv_status st = cv_checkpoint_parse(CV_BYTES(text.p, text.n - rest.n), &c, err);
    if (st != CV_OK)
        return st;
    memcpy(out->origin, c.origin, sizeof(out->origin));
    out->size = c.size;
    memcpy(out->root, c.root.b, sizeof(out->root));
    return CV_OK;
}

static cv_status parse_request(struct cv_bytes rest, struct cv_witness_request *r, struct cv_err *err)
{
    struct cv_bytes l, old;
    cv_status st = CV_OK;
    if (!cv_bytes_line(&rest, "", &l) || !after(l, "old ", &old) || !cv_bytes_number(old, &r->old))
        return cv_fail(err, CV_ERR_FORMAT, "its first line is not `old` and a size");
    while (st == CV_OK) {
        uint8_t *hash;
        if (!cv_bytes_line(&rest, "", &l))
            return cv_fail(err, CV_ERR_FORMAT, "no empty line ends its proof");
        if (l.n == 0)
            break;
        if (r->proof.n == (size_t)32 * CV_WITNESS_HASHES_MAX)
            return cv_fail(err, CV_ERR_FORMAT, "its proof has more than %d hashes", CV_WITNESS_HASHES_MAX);
        st = cv_buf_extend(&r->proof, 32, &hash);
        if (st == CV_OK && cv_base64_decode_exact(CV_BASE64_STD, l, hash, 32) != CV_OK)
            st = cv_fail(err, CV_ERR_FORMAT, "a line of its proof is not a hash in base64");
    }
    r->bytes = rest;
    st = CV_THEN(st, cv_note_parse(rest, &r->note, err));
    return CV_THEN(st, parse_head(r->note.text, r, err));
}

cv_status cv_witness_request_parse(struct cv_bytes body, struct cv_witness_request *out, struct cv_err *err)
{
    struct cv_witness_request r = { 0 };
    memset(out, 0, sizeof(*out));
    cv_status st = body.n > CV_WITNESS_REQUEST_MAX ? cv_fail(err, CV_ERR_LIMIT, "the request is too long")
                                                   : parse_request(body, &r, err);
    if (st == CV_OK)
        *out = r;
    else
        cv_witness_request_free(&r);
    return cv_err_note(err, st, "request");
}

void cv_witness_request_free(struct cv_witness_request *r)
{
    cv_note_free(&r->note);
    cv_buf_free(&r->proof);
    cv_buf_free(&r->text);
    memset(r, 0, sizeof(*r));
}
