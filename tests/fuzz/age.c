/* age files, armoured or not, for a key and a passphrase that the seeds are made with; scrypt costs nothing.
 * Read in pieces, a file gives what it gives at once, and before its end never more; armour that is read and
 * written again reads the same. */
#include "tests/fuzz/fuzz.h"

#include "formats/age.h"
#include "formats/armor.h"
#include "tests/fuzz/keys.h"

#define MAX_PLAIN ((size_t)1 << 20)

static const struct cv_age_identity *keys[2];

static void make_keys(void)
{
    static struct cv_age_identity *made[2];
    must(cv_age_identity_x25519(CV_LIT(FUZZ_AGE_SECRET), &made[0], NULL) == CV_OK);
    must(cv_age_identity_passphrase(CV_LIT(FUZZ_PASSPHRASE), 20, &made[1]) == CV_OK);
    keys[0] = made[0];
    keys[1] = made[1];
}

/* in_pieces(file, piece, out): CV_OK only if the whole file verifies. */
static cv_status in_pieces(struct cv_bytes file, size_t piece, struct cv_buf *out)
{
    struct cv_age *r = NULL;
    cv_status st = cv_age_reader(keys, 2, &r);
    for (size_t at = 0; st == CV_OK && at < file.n; at += piece)
        st = cv_age_read(r, CV_BYTES(file.p + at, file.n - at < piece ? file.n - at : piece), out, NULL);
    st = CV_THEN(st, cv_age_end(r, out, NULL));
    cv_age_free(r);
    return st;
}

static void file(struct cv_bytes bytes)
{
    struct cv_buf plain = { 0 }, piece = { .max = MAX_PLAIN };
    struct cv_err err = { 0 };
    const cv_status st = cv_age_decrypt(keys, 2, bytes, MAX_PLAIN, &plain, &err);
    const bool good = fuzz_judged(st, &err, plain.n);
    const cv_status other = in_pieces(bytes, 1 + bytes.n % 97, &piece);
    must((other == CV_OK) == good);
    if (good)
        fuzz_same(cv_buf_view(&plain), cv_buf_view(&piece));
    cv_buf_free(&plain);
    cv_buf_free(&piece);
}

static void armoured(struct cv_bytes text)
{
    struct cv_buf bytes = { 0 }, again = { 0 }, back = { 0 };
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_armor_decode(text, &bytes, &err), &err, bytes.n)) {
        must(cv_armor_detect(text));
        must(cv_armor_encode(cv_buf_view(&bytes), &again) == CV_OK);
        must(cv_armor_decode(cv_buf_view(&again), &back, NULL) == CV_OK);
        fuzz_same(cv_buf_view(&bytes), cv_buf_view(&back));
        file(cv_buf_view(&bytes));
    }
    cv_buf_free(&bytes);
    cv_buf_free(&again);
    cv_buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (keys[0] == NULL)
        make_keys();
    if (cv_armor_detect(CV_BYTES(p, n)))
        armoured(CV_BYTES(p, n));
    else
        file(CV_BYTES(p, n));
    return 0;
}
