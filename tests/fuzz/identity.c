/* Identity files and what goes with them, by how the input begins: a file under a passphrase (scrypt costs
 * nothing), its five lines in the clear, a member's public line, or a witness's three lines. Each has one
 * form. */
#include "tests/fuzz/fuzz.h"

#include "formats/armor.h"
#include "formats/identity.h"
#include "formats/keyfile.h"
#include "formats/witness.h"
#include "tests/fuzz/keys.h"

static void lines(struct cv_bytes text)
{
    struct cv_identity id;
    struct cv_member_key key;
    struct cv_buf again = { 0 };
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_identity_read(text, &id, &err), &err, 0)) {
        must(cv_identity_write(&id, &again) == CV_OK);
        fuzz_same(text, cv_buf_view(&again));
        must(cv_member_parse(cv_bytes_str(id.public.line), &key, NULL) == CV_OK);
        must(strcmp(key.pseudonym, id.public.pseudonym) == 0);
    }
    cv_identity_free(&id);
    cv_buf_free(&again);
}

static void member(struct cv_bytes line)
{
    struct cv_member_key key;
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_member_read(line, &key, &err), &err, 0)) {
        fuzz_same(line, cv_bytes_str(key.line));
        must(key.pseudonym[0] == 'm' && strlen(key.fingerprint) == CV_FINGERPRINT_BYTES - 1);
        (void)!cv_member_parse(line, &key, &err);
    }
}

static void file(struct cv_bytes bytes)
{
    struct cv_identity id;
    struct cv_witness w = { 0 };
    struct cv_buf text = { 0 };
    struct cv_err err = { 0 };
    const cv_status st = cv_keyfile_open(bytes, CV_LIT(FUZZ_PASSPHRASE), &text, &err);
    const bool good = fuzz_judged(st, &err, text.n);
    err = (struct cv_err){ 0 };
    const cv_status read = cv_identity_open(bytes, CV_LIT(FUZZ_PASSPHRASE), &id, &err);
    must(read != CV_OK || good);
    if (good)
        lines(cv_buf_view(&text));
    must((read == CV_OK) == (good && fuzz_taken));
    err = (struct cv_err){ 0 };
    if (cv_witness_open(bytes, CV_LIT(FUZZ_PASSPHRASE), &w, &err) == CV_OK) {
        must(good && read != CV_OK && cv_cosignature_name_ok(w.public.name));
        fuzz_taken = true;
    }
    cv_witness_free(&w);
    cv_identity_free(&id);
    cv_buf_free(&text);
}

/* witness(lines): a file is made of them, so that what parses them is reached. */
static void witness(struct cv_bytes text)
{
    struct cv_buf sealed = { 0 };
    if (text.n < CV_KEYFILE_TEXT_MAX &&
        cv_keyfile_seal(text, CV_LIT(FUZZ_PASSPHRASE), 1, &sealed, NULL) == CV_OK)
        file(cv_buf_view(&sealed));
    cv_buf_free(&sealed);
}

static bool begins(struct cv_bytes in, const char *with)
{
    return in.n >= strlen(with) && memcmp(in.p, with, strlen(with)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const struct cv_bytes in = CV_BYTES(p, n);
    if (cv_armor_detect(in))
        file(in);
    else if (begins(in, "casevault-member-"))
        member(in);
    else if (begins(in, "casevault witness"))
        witness(in);
    else
        lines(in);
    return 0;
}
