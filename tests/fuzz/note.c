/* Signed notes, and the verifier keys that go with them (an input that begins with a byte 1 or 4 is one of
 * that type). A note is its text and its lines and nothing between them; a key has one form. */
#include "tests/fuzz/fuzz.h"

#include "formats/cosignature.h"

static void key(uint8_t type, struct cv_bytes text)
{
    struct cv_note_key k;
    struct cv_buf again = { 0 };
    struct cv_err err = { 0 };
    cv_status st = type == CV_NOTE_TYPE_ED25519 ? cv_note_vkey_parse(text, type, &k, &err)
                                                : cv_cosignature_vkey_parse(text, &k, &err);
    if (fuzz_judged(st, &err, 0)) {
        must(cv_note_name_ok(cv_bytes_str(k.name)));
        must(cv_note_typed_vkey(type, k.name, k.public, &again) == CV_OK);
        fuzz_same(text, cv_buf_view(&again));
    }
    cv_buf_free(&again);
}

/* line(rest): the next line, with its LF. */
static struct cv_bytes line(struct cv_bytes *rest)
{
    const uint8_t *lf = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    must(lf != NULL);
    const struct cv_bytes out = CV_BYTES(rest->p, (size_t)(lf + 1 - rest->p));
    *rest = CV_BYTES(lf + 1, rest->n - out.n);
    return out;
}

static void note(struct cv_bytes bytes)
{
    struct cv_note n;
    struct cv_err err = { 0 };
    uint64_t time = 0;
    if (!fuzz_judged(cv_note_parse(bytes, &n, &err), &err, 0))
        return;
    must(n.text.p == bytes.p && n.text.n > 0 && n.text.p[n.text.n - 1] == '\n');
    must(n.count > 0 && n.count <= CV_NOTE_SIGS_MAX);
    struct cv_bytes rest = CV_BYTES(bytes.p + n.text.n, bytes.n - n.text.n);
    must(rest.n > 0 && rest.p[0] == '\n');
    rest = CV_BYTES(rest.p + 1, rest.n - 1);
    for (size_t i = 0; i < n.count; i++) {
        struct cv_note_key who = { 0 };
        const struct cv_bytes one = line(&rest);
        must(cv_note_name_ok(cv_bytes_str(n.sigs[i].name)));
        must(memmem(one.p, one.n, n.sigs[i].name, strlen(n.sigs[i].name)) != NULL);
        strcpy(who.name, n.sigs[i].name);
        /* Nobody's signature verifies under a key of zeros. */
        must(cv_note_verify(&n, who.name, who.public) != CV_OK);
        must(cv_cosignature_verify(one, n.text, &who, &time, NULL) != CV_OK);
    }
    must(rest.n == 0);
    cv_note_free(&n);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n > 0 && (p[0] == CV_NOTE_TYPE_ED25519 || p[0] == CV_NOTE_TYPE_COSIGNATURE))
        key(p[0], CV_BYTES(p + 1, n - 1));
    else
        note(CV_BYTES(p, n));
    return 0;
}
