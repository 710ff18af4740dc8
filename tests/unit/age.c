#include "tests/unit/test.h"

#include "crypto/scrypt.h"
#include "formats/age.h"
#include "formats/armor.h"
#include "formats/base64.h"
#include "formats/bech32.h"

/* c2sp.org/age, "The X25519 recipient type" */
#define SECRET "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
#define RECIPIENT "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
#define MAX_PLAIN ((size_t)1 << 20)

#define RECIPIENTS(array) ((const struct cv_age_recipient *const *)(array))
#define IDENTITIES(array) ((const struct cv_age_identity *const *)(array))

struct keys {
    struct cv_age_recipient *to[2]; /* another, then ours */
    struct cv_age_identity *id[1];
    struct cv_age_recipient *pass[1];
    struct cv_age_identity *open_pass[1], *wrong_pass[1];
};

static int setup(void **state)
{
    static struct keys k;
    struct cv_secret other = { 0 };
    struct cv_buf text = { 0 };
    assert_ok(cv_age_keygen(&other, &text));
    assert_ok(cv_age_recipient_x25519(cv_buf_view(&text), &k.to[0], NULL));
    assert_ok(cv_age_recipient_x25519(CV_LIT(RECIPIENT), &k.to[1], NULL));
    assert_ok(cv_age_identity_x25519(CV_LIT(SECRET), &k.id[0], NULL));
    assert_ok(cv_age_recipient_passphrase(CV_LIT("correct horse"), 2, &k.pass[0]));
    assert_ok(cv_age_identity_passphrase(CV_LIT("correct horse"), 4, &k.open_pass[0]));
    assert_ok(cv_age_identity_passphrase(CV_LIT("wrong horse"), 4, &k.wrong_pass[0]));
    cv_secret_free(&other);
    cv_buf_free(&text);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    struct keys *k = *state;
    cv_age_recipient_free(k->to[0]);
    cv_age_recipient_free(k->to[1]);
    cv_age_recipient_free(k->pass[0]);
    cv_age_identity_free(k->id[0]);
    cv_age_identity_free(k->open_pass[0]);
    cv_age_identity_free(k->wrong_pass[0]);
    return 0;
}

static void bech32_is_strict(void **state)
{
    (void)state;
    static const struct {
        const char *name, *hrp, *text;
        size_t n;
        cv_status want;
    } rows[] = {
        { "BIP 173, upper case", "A", "A12UEL5L", 0, CV_OK },
        { "BIP 173, lower case", "a", "a12uel5l", 0, CV_OK },
        { "BIP 173, all symbols", "abcdef", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", 20, CV_OK },
        { "BIP 173, split", "split", "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", 30,
          CV_OK },
        { "BIP 173, odd part", "?", "?1ezyfcl", 0, CV_OK },
        { "part with a 1", "1",
          "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j", 51,
          CV_OK },
        { "other case", "age", "AGE1ZVKYG2LQZRAA2LNJVQEJ32NKUU0UES2S82HZRYE869XEEXVN73EQUNUJWJ", 32,
          CV_ERR_FORMAT },
        { "mixed case", "a", "a12UEL5L", 0, CV_ERR_FORMAT },
        { "wrong checksum", "a", "a12uel5m", 0, CV_ERR_FORMAT },
        { "BIP 173, checksum over upper case", "A", "A1G7SGD8", 0, CV_ERR_FORMAT },
        { "BIP 173, no part", "", "10a06t8", 0, CV_ERR_ARG },
        { "mixed part", "Aa", "Aa12uel5l", 0, CV_ERR_ARG },
        { "empty", "a", "", 0, CV_ERR_FORMAT },
        { "other part", "agf", RECIPIENT, 32, CV_ERR_FORMAT },
        { "other length", "age", RECIPIENT, 31, CV_ERR_FORMAT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[64];
        struct cv_buf back = { 0 };
        cv_status st = cv_bech32_decode(rows[i].hrp, cv_bytes_str(rows[i].text), out, rows[i].n);
        if (st != rows[i].want)
            fail_msg("%s: status %d, want %d", rows[i].name, st, rows[i].want);
        if (st == CV_OK) {
            assert_ok(cv_bech32_encode(rows[i].hrp, CV_BYTES(out, rows[i].n), &back));
            assert_bytes(cv_buf_view(&back), cv_bytes_str(rows[i].text));
        }
        cv_buf_free(&back);
    }
}

/* read_recipient, read_secret: parse_fns. */
static cv_status read_recipient(void *arg, struct cv_bytes bytes)
{
    struct cv_age_recipient *r = NULL;
    cv_status st = cv_age_recipient_x25519(bytes, &r, NULL);
    (void)arg;
    cv_age_recipient_free(r);
    return st;
}

static cv_status read_secret(void *arg, struct cv_bytes bytes)
{
    struct cv_age_identity *id = NULL;
    cv_status st = cv_age_identity_x25519(bytes, &id, NULL);
    (void)arg;
    cv_age_identity_free(id);
    return st;
}

/* Any one character wrong, doubled or missing. */
static void no_damaged_key_is_taken(void **state)
{
    (void)state;
    const struct cv_bytes recipient = CV_LIT(RECIPIENT), secret = CV_LIT(SECRET);
    char text[sizeof RECIPIENT + 1];
    every_bit(recipient, 0, recipient.n, read_recipient, NULL, MAY(CV_ERR_FORMAT));
    every_cut(recipient, 0, recipient.n, read_recipient, NULL, MAY(CV_ERR_FORMAT));
    for (size_t at = 0; at < sizeof RECIPIENT - 1; at++) {
        memcpy(text, RECIPIENT, at + 1);
        memcpy(text + at + 1, &RECIPIENT[at], sizeof RECIPIENT - at);
        assert_status(read_recipient(NULL, CV_BYTES(text, sizeof RECIPIENT)), CV_ERR_FORMAT);
    }
    every_bit(secret, 0, secret.n, read_secret, NULL, MAY(CV_ERR_FORMAT));
    every_cut(secret, 0, secret.n, read_secret, NULL, MAY(CV_ERR_FORMAT));
}

/* printf %s age1... | sha256sum | cut -c1-20 */
static void fingerprint_is_of_the_text(void **state)
{
    (void)state;
    char print[CV_FINGERPRINT_BYTES];
    assert_ok(cv_age_fingerprint(CV_LIT(RECIPIENT), print));
    assert_string_equal(print, "6a80-4773-9828-40fa-7eae");
}

static void keys_are_as_specified(void **state)
{
    (void)state;
    struct cv_buf text = { 0 }, again = { 0 };
    struct cv_secret secret = { 0 };
    struct cv_age_recipient *r = NULL;
    struct cv_age_identity *id = NULL;
    struct cv_err err = { 0 };
    assert_ok(cv_age_recipient_of(CV_LIT(SECRET), &text));
    assert_bytes(cv_buf_view(&text), CV_LIT(RECIPIENT));
    cv_buf_truncate(&text, 0);
    assert_ok(cv_age_keygen(&secret, &text));
    assert_int_equal(secret.n, sizeof SECRET - 1);
    assert_ok(cv_age_recipient_of(cv_secret_view(&secret), &again));
    assert_bytes(cv_buf_view(&again), cv_buf_view(&text));
    assert_status(cv_age_recipient_of(CV_LIT(RECIPIENT), &again), CV_ERR_FORMAT);

    static const uint8_t small_order[][32] = { { 0 }, { 1 } };
    for (size_t i = 0; i < 2; i++) {
        cv_buf_truncate(&text, 0);
        err = (struct cv_err){ 0 };
        assert_ok(cv_bech32_encode("age", CV_ARR(small_order[i]), &text));
        assert_status(cv_age_recipient_x25519(cv_buf_view(&text), &r, &err), CV_ERR_FORMAT);
        assert_non_null(strstr(err.msg, "small order"));
    }
    assert_status(cv_age_recipient_passphrase(CV_LIT(""), 10, &r), CV_ERR_ARG);
    assert_status(cv_age_recipient_passphrase(CV_LIT("x"), 0, &r), CV_ERR_LIMIT);
    assert_status(cv_age_recipient_passphrase(CV_LIT("x"), CV_SCRYPT_LOG_N_MAX + 1, &r), CV_ERR_LIMIT);
    assert_status(cv_age_identity_passphrase(CV_LIT("x"), 0, &id), CV_ERR_LIMIT);
    assert_status(cv_age_identity_passphrase(CV_LIT("x"), CV_SCRYPT_LOG_N_MAX + 1, &id), CV_ERR_LIMIT);
    assert_null(r);
    assert_null(id);
    cv_secret_free(&secret);
    cv_buf_free(&text);
    cv_buf_free(&again);
}

#define BEGIN "-----BEGIN AGE ENCRYPTED FILE-----\n"
#define END "-----END AGE ENCRYPTED FILE-----\n"
#define FULL "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void armour_is_strict(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        cv_status want;
    } rows[] = {
        { "one line", BEGIN "Zm9v\n" END, CV_OK },
        { "nothing in it", BEGIN END, CV_OK },
        { "full last line", BEGIN FULL "\n" END, CV_OK },
        { "two lines", BEGIN FULL "\nZg==\n" END, CV_OK },
        { "no last LF", BEGIN "Zm9v\n-----END AGE ENCRYPTED FILE-----", CV_OK },
        { "white space around", " \r\n\t" BEGIN "Zm9v\n" END "\n \t\r\n", CV_OK },
        { "CRLF", "-----BEGIN AGE ENCRYPTED FILE-----\r\nZm9v\r\n-----END AGE ENCRYPTED FILE-----\r\n",
          CV_OK },
        { "empty", "", CV_ERR_FORMAT },
        { "text before", "x\n" BEGIN "Zm9v\n" END, CV_ERR_FORMAT },
        { "text after", BEGIN "Zm9v\n" END "x", CV_ERR_FORMAT },
        { "two blocks", BEGIN "Zm9v\n" END BEGIN "Zm9v\n" END, CV_ERR_FORMAT },
        { "other label", "-----BEGIN AGE FILE-----\nZm9v\n-----END AGE FILE-----\n", CV_ERR_FORMAT },
        { "other end label", BEGIN "Zm9v\n-----END AGE FILE-----\n", CV_ERR_FORMAT },
        { "lower case", "-----begin age encrypted file-----\nZm9v\n" END, CV_ERR_FORMAT },
        { "no end line", BEGIN "Zm9v\n", CV_ERR_FORMAT },
        { "header line", BEGIN "Comment: x\n\nZm9v\n" END, CV_ERR_FORMAT },
        { "empty line first", BEGIN "\nZm9v\n" END, CV_ERR_FORMAT },
        { "empty line last", BEGIN "Zm9v\n\n" END, CV_ERR_FORMAT },
        { "short line first", BEGIN "Zm9v\nZm9v\n" END, CV_ERR_FORMAT },
        { "padding, then more", BEGIN FULL "\nZg==\nZg==\n" END, CV_ERR_FORMAT },
        { "line too long", BEGIN FULL "AAAA\n" END, CV_ERR_FORMAT },
        { "no padding", BEGIN "Zg\n" END, CV_ERR_FORMAT },
        { "not canonical", BEGIN "Zh==\n" END, CV_ERR_FORMAT },
        { "space at the end of a line", BEGIN "Zm9v \n" END, CV_ERR_FORMAT },
        { "two CR", BEGIN "Zm9v\r\r\n" END, CV_ERR_FORMAT },
        { "base64url", BEGIN "-__-\n" END, CV_ERR_FORMAT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cv_buf out = { 0 };
        struct cv_err err = { 0 };
        cv_status st = cv_armor_decode(cv_bytes_str(rows[i].text), &out, &err);
        if (st != rows[i].want)
            fail_msg("%s: status %d, want %d (%s)", rows[i].name, st, rows[i].want, err.msg);
        assert_int_equal(err.status, st);
        assert_true(st == CV_OK || out.n == 0);
        cv_buf_free(&out);
    }
    assert_true(cv_armor_detect(CV_LIT(" \n" BEGIN)));
    assert_false(cv_armor_detect(CV_LIT("age-encryption.org/v1\n")));
    assert_false(cv_armor_detect(CV_LIT("")));
}

/* read_armour: a parse_fn. ${arg} is what must not come out of altered text. */
static cv_status read_armour(void *arg, struct cv_bytes bytes)
{
    const struct cv_bytes *plain = arg;
    struct cv_buf out = { 0 };
    cv_status st = cv_armor_decode(bytes, &out, NULL);
    assert_true(st == CV_OK ? !cv_bytes_equal(cv_buf_view(&out), *plain) : out.n == 0);
    cv_buf_free(&out);
    return st;
}

static void armour_goes_there_and_back(void **state)
{
    (void)state;
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct cv_buf text = { 0 }, back = { 0 };
        assert_ok(cv_armor_encode(CV_BYTES(bytes, n), &text));
        assert_ok(cv_armor_decode(cv_buf_view(&text), &back, NULL));
        assert_bytes(cv_buf_view(&back), CV_BYTES(bytes, n));
        struct cv_bytes plain = cv_buf_view(&back);
        every_cut(cv_buf_view(&text), 0, text.n - 1, read_armour, &plain,
                  MAY(CV_ERR_FORMAT)); /* but the LF */
        cv_buf_free(&text);
        cv_buf_free(&back);
    }
}

/* One bit of armour wrong: refused, or other bytes, or (white space at its end) the same. Never the same
 * otherwise. */
static void armour_is_not_malleable(void **state)
{
    (void)state;
    uint8_t bytes[50] = { 1, 2, 3 };
    struct cv_bytes plain = CV_ARR(bytes);
    struct cv_buf text = { 0 };
    assert_ok(cv_armor_encode(plain, &text));
    every_bit(cv_buf_view(&text), 0, text.n - 1, read_armour, &plain, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
    cv_buf_free(&text);
}

#define V1 "age-encryption.org/v1\n"
#define SHARE "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc"
#define BODY "EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n"
#define X_STANZA "-> X25519 " SHARE "\n" BODY
#define SALT "ajMFur+EJLGaohv/dLRGnw"
#define S_STANZA(log_n) "-> scrypt " SALT " " log_n "\n" BODY
#define MAC "--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n"

static void header_grammar(void **state)
{
    const struct keys *k = *state;
    static const struct {
        const char *name, *text;
        cv_status want;
    } rows[] = {
        { "for somebody else", V1 X_STANZA MAC, CV_ERR_NOKEY },
        { "unknown type", V1 "-> some thing ~!\n\n" X_STANZA MAC, CV_ERR_NOKEY },
        { "unknown type, body of two lines", V1 "-> some\n" FULL "\nZg\n" MAC, CV_ERR_NOKEY },
        { "unknown type, body of a full line", V1 "-> some\n" FULL "\n\n" MAC, CV_ERR_NOKEY },
        { "name in lower case", V1 "-> x25519 " SHARE "\n" BODY MAC, CV_ERR_NOKEY },
        { "wrong passphrase", V1 S_STANZA("4") MAC, CV_ERR_NOKEY },
        { "empty", "", CV_ERR_FORMAT },
        { "version 2", "age-encryption.org/v2\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "version cut", "age-encryption.org\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "CRLF", "age-encryption.org/v1\r\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "armour", BEGIN FULL "\n" END, CV_ERR_FORMAT },
        { "no stanza", V1 MAC, CV_ERR_FORMAT },
        { "no MAC", V1 X_STANZA, CV_ERR_FORMAT },
        { "MAC not ended", V1 X_STANZA "--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0", CV_ERR_FORMAT },
        { "MAC with two spaces", V1 X_STANZA "---  Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n",
          CV_ERR_FORMAT },
        { "MAC without a space", V1 X_STANZA "---Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n",
          CV_ERR_FORMAT },
        { "MAC not canonical", V1 X_STANZA "--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI1\n",
          CV_ERR_FORMAT },
        { "MAC short", V1 X_STANZA "--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7\n", CV_ERR_FORMAT },
        { "bare MAC line", V1 X_STANZA "---\n", CV_ERR_FORMAT },
        { "stray line", V1 "stray\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "empty line", V1 "\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "no argument", V1 "-> \n\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "no space", V1 "->some\n\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "empty argument", V1 "-> some  thing\n\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "space at the end", V1 "-> some \n\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "tab", V1 "-> some\tthing\n\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "DEL", V1 "-> some\x7f\n\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "not ASCII", V1 "-> some\xc3\xa9\n\n" X_STANZA MAC, CV_ERR_FORMAT },
        { "no body", V1 "-> some\n" MAC, CV_ERR_FORMAT },
        { "no short line", V1 "-> some\n" FULL "\n" MAC, CV_ERR_FORMAT },
        { "two short lines", V1 "-> some\nZm9v\nZm9v\n" MAC, CV_ERR_FORMAT },
        { "long line", V1 "-> some\n" FULL "AAAA\n" MAC, CV_ERR_FORMAT },
        { "body padded", V1 "-> some\nZg==\n" MAC, CV_ERR_FORMAT },
        { "body not canonical", V1 "-> some\nZh\n" MAC, CV_ERR_FORMAT },
        { "X25519 without share", V1 "-> X25519\n" BODY MAC, CV_ERR_FORMAT },
        { "X25519 with more", V1 "-> X25519 " SHARE " x\n" BODY MAC, CV_ERR_FORMAT },
        { "X25519 padded share", V1 "-> X25519 " SHARE "=\n" BODY MAC, CV_ERR_FORMAT },
        { "X25519 short share", V1 "-> X25519 " SALT "\n" BODY MAC, CV_ERR_FORMAT },
        { "X25519 empty body", V1 "-> X25519 " SHARE "\n\n" MAC, CV_ERR_FORMAT },
        { "X25519 long body", V1 "-> X25519 " SHARE "\n" FULL "\n\n" MAC, CV_ERR_FORMAT },
        { "X25519 share of small order",
          V1 "-> X25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" BODY MAC, CV_ERR_FORMAT },
        { "X25519 share of order 1", V1 "-> X25519 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" BODY MAC,
          CV_ERR_FORMAT },
        { "scrypt, then X25519", V1 S_STANZA("4") X_STANZA MAC, CV_ERR_FORMAT },
        { "X25519, then scrypt", V1 X_STANZA S_STANZA("4") MAC, CV_ERR_FORMAT },
        { "scrypt with unknown", V1 "-> some\n\n" S_STANZA("4") MAC, CV_ERR_FORMAT },
        { "scrypt twice", V1 S_STANZA("4") S_STANZA("4") MAC, CV_ERR_FORMAT },
        { "scrypt without work", V1 "-> scrypt " SALT "\n" BODY MAC, CV_ERR_FORMAT },
        { "scrypt with more", V1 S_STANZA("4 x") MAC, CV_ERR_FORMAT },
        { "scrypt short salt", V1 "-> scrypt Zm9v 4\n" BODY MAC, CV_ERR_FORMAT },
        { "scrypt work 0", V1 S_STANZA("0") MAC, CV_ERR_FORMAT },
        { "scrypt work 04", V1 S_STANZA("04") MAC, CV_ERR_FORMAT },
        { "scrypt work +4", V1 S_STANZA("+4") MAC, CV_ERR_FORMAT },
        { "scrypt work -4", V1 S_STANZA("-4") MAC, CV_ERR_FORMAT },
        { "scrypt work 0x4", V1 S_STANZA("0x4") MAC, CV_ERR_FORMAT },
        { "scrypt work 4a", V1 S_STANZA("4a") MAC, CV_ERR_FORMAT },
        { "scrypt work 5, bound 4", V1 S_STANZA("5") MAC, CV_ERR_LIMIT },
        { "scrypt work 256", V1 S_STANZA("256") MAC, CV_ERR_LIMIT },
        { "scrypt work 260", V1 S_STANZA("260") MAC, CV_ERR_LIMIT },
        { "scrypt work beyond any integer", V1 S_STANZA("18446744073709551620") MAC, CV_ERR_LIMIT },
        { "MAC, then a stanza's body as payload", V1 X_STANZA MAC BODY, CV_ERR_NOKEY },
    };
    const struct cv_age_identity *ids[] = { k->id[0], k->wrong_pass[0] };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cv_buf out = { 0 };
        struct cv_err err = { 0 };
        cv_status st = cv_age_decrypt(ids, 2, cv_bytes_str(rows[i].text), MAX_PLAIN, &out, &err);
        if (st != rows[i].want)
            fail_msg("%s: status %d, want %d (%s)", rows[i].name, st, rows[i].want, err.msg);
        assert_int_equal(err.status, st);
        assert_int_equal(out.n, 0);
        cv_buf_free(&out);
    }
}

static void a_header_has_a_bound(void **state)
{
    const struct keys *k = *state;
    struct cv_buf file = { 0 }, out = { 0 };
    assert_ok(cv_buf_str(&file, V1));
    while (file.n <= CV_AGE_HEADER_MAX)
        assert_ok(cv_buf_str(&file, "-> some\n\n"));
    assert_status(cv_age_decrypt(IDENTITIES(k->id), 1, cv_buf_view(&file), MAX_PLAIN, &out, NULL),
                  CV_ERR_LIMIT);
    cv_buf_truncate(&file, 0);
    assert_ok(cv_buf_str(&file, V1 "-> "));
    while (file.n <= CV_AGE_HEADER_MAX) /* one endless line */
        assert_ok(cv_buf_str(&file, "aaaaaaaaaaaaaaaa"));
    assert_status(cv_age_decrypt(IDENTITIES(k->id), 1, cv_buf_view(&file), MAX_PLAIN, &out, NULL),
                  CV_ERR_LIMIT);
    cv_buf_free(&file);
    cv_buf_free(&out);
}

static void every_size_goes_there_and_back(void **state)
{
    const struct keys *k = *state;
    static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 131073 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct cv_buf plain = { 0 }, file = { 0 }, out = { 0 };
        uint8_t *p = NULL;
        assert_ok(cv_buf_extend(&plain, sizes[i], &p));
        for (size_t j = 0; j < sizes[i]; j++)
            p[j] = (uint8_t)(j * 31 >> 3);
        assert_ok(cv_age_encrypt(RECIPIENTS(k->to), 2, cv_buf_view(&plain), &file, NULL));
        assert_ok(cv_buf_str(&out, "before"));
        assert_ok(cv_age_decrypt(IDENTITIES(k->id), 1, cv_buf_view(&file), sizes[i], &out, NULL));
        assert_bytes(CV_BYTES(out.p + 6, out.n - 6), cv_buf_view(&plain));
        cv_buf_truncate(&out, 6);
        if (sizes[i] > 0)
            assert_status(cv_age_decrypt(IDENTITIES(k->id), 1, cv_buf_view(&file), sizes[i] - 1, &out, NULL),
                          CV_ERR_LIMIT);
        assert_status(cv_age_decrypt(IDENTITIES(k->open_pass), 1, cv_buf_view(&file), MAX_PLAIN, &out, NULL),
                      CV_ERR_NOKEY);
        assert_status(cv_age_decrypt(NULL, 0, cv_buf_view(&file), MAX_PLAIN, &out, NULL), CV_ERR_NOKEY);
        file.p[file.n - 1] ^= 1;
        assert_status(cv_age_decrypt(IDENTITIES(k->id), 1, cv_buf_view(&file), MAX_PLAIN, &out, NULL),
                      CV_ERR_AUTH);
        assert_bytes(cv_buf_view(&out), CV_LIT("before"));
        cv_buf_free(&plain);
        cv_buf_free(&file);
        cv_buf_free(&out);
    }
}

static void a_passphrase_stands_alone(void **state)
{
    const struct keys *k = *state;
    struct cv_buf file = { 0 }, out = { 0 };
    struct cv_err err = { 0 };
    const struct cv_age_recipient *mixed[] = { k->to[0], k->pass[0] };
    assert_status(cv_age_encrypt(mixed, 2, CV_LIT("x"), &file, &err), CV_ERR_ARG);
    assert_status(cv_age_encrypt(mixed, 0, CV_LIT("x"), &file, NULL), CV_ERR_ARG);
    assert_status(cv_age_encrypt(mixed, CV_AGE_RECIPIENTS_MAX + 1, CV_LIT("x"), &file, NULL), CV_ERR_LIMIT);
    assert_int_equal(file.n, 0);
    assert_ok(cv_age_encrypt(RECIPIENTS(k->pass), 1, CV_LIT("x"), &file, NULL));
    assert_ok(cv_age_decrypt(IDENTITIES(k->open_pass), 1, cv_buf_view(&file), 1, &out, NULL));
    assert_bytes(cv_buf_view(&out), CV_LIT("x"));
    err = (struct cv_err){ 0 };
    assert_status(cv_age_decrypt(IDENTITIES(k->wrong_pass), 1, cv_buf_view(&file), 1, &out, &err),
                  CV_ERR_NOKEY);
    assert_non_null(strstr(err.msg, "passphrase"));
    assert_status(cv_age_decrypt(IDENTITIES(k->id), 1, cv_buf_view(&file), 1, &out, NULL), CV_ERR_NOKEY);
    const struct cv_age_identity *several[] = { k->id[0], k->wrong_pass[0], k->open_pass[0] };
    assert_ok(cv_age_decrypt(several, 3, cv_buf_view(&file), 1, &out, NULL));
    cv_buf_free(&file);
    cv_buf_free(&out);
}

/* Where the payload begins. */
static size_t header_bytes(const struct cv_buf *file)
{
    for (size_t i = 1; i + 3 < file->n; i++) {
        if (memcmp(file->p + i, "\n---", 4) == 0)
            return i + 1 + strlen(MAC);
    }
    fail_msg("no MAC line");
    return 0;
}

/* read_file: a parse_fn. ${arg} is the keys. */
static cv_status read_file(void *arg, struct cv_bytes bytes)
{
    const struct keys *k = arg;
    struct cv_buf out = { 0 };
    cv_status st = cv_age_decrypt(IDENTITIES(k->id), 1, bytes, MAX_PLAIN, &out, NULL);
    assert_int_equal(out.n, 0);
    cv_buf_free(&out);
    return st;
}

static void no_bit_can_be_changed(void **state)
{
    struct keys *k = *state;
    struct cv_buf file = { 0 }, out = { 0 };
    assert_ok(cv_age_encrypt(RECIPIENTS(k->to), 2, CV_LIT("testimony"), &file, NULL));
    /* Where it was decides how it may fail. */
    const struct cv_bytes all = cv_buf_view(&file);
    const size_t another = strlen(V1), ours = another + strlen(X_STANZA), mac = ours + strlen(X_STANZA);
    const size_t header = header_bytes(&file);
    assert_int_equal(header, mac + strlen(MAC));
    every_bit(all, 0, another, read_file, k, MAY(CV_ERR_FORMAT));
    every_bit(all, another, ours, read_file, k,
              MAY(CV_ERR_FORMAT) | MAY(CV_ERR_AUTH)); /* covered by the MAC */
    every_bit(all, ours, mac, read_file, k, MAY(CV_ERR_FORMAT) | MAY(CV_ERR_NOKEY));
    every_bit(all, mac, header, read_file, k, MAY(CV_ERR_FORMAT) | MAY(CV_ERR_AUTH));
    every_bit(all, header, all.n, read_file, k, MAY(CV_ERR_AUTH));
    every_cut(all, 0, header + 16, read_file, k, MAY(CV_ERR_FORMAT));
    every_cut(all, header + 16, all.n, read_file, k, MAY(CV_ERR_AUTH));
    for (int extra = 1; extra < 20; extra++) {
        assert_ok(cv_buf_append(&file, CV_LIT("\0")));
        assert_status(cv_age_decrypt(IDENTITIES(k->id), 1, cv_buf_view(&file), MAX_PLAIN, &out, NULL),
                      CV_ERR_AUTH);
    }
    assert_int_equal(out.n, 0);
    cv_buf_free(&file);
    cv_buf_free(&out);
}

/* Cuts around the ends of chunks, and chunks swapped. */
static void chunks_keep_their_places(void **state)
{
    const struct keys *k = *state;
    const size_t sealed = CV_AGE_CHUNK_BYTES + 16;
    struct cv_buf plain = { 0 }, file = { 0 }, out = { 0 };
    uint8_t *p = NULL;
    assert_ok(cv_buf_extend(&plain, 2 * CV_AGE_CHUNK_BYTES + 5, &p));
    assert_ok(cv_age_encrypt(RECIPIENTS(k->to), 2, cv_buf_view(&plain), &file, NULL));
    size_t first = header_bytes(&file) + 16;
    for (size_t chunk = 0; chunk < 3; chunk++) {
        for (size_t more = 0; more < 40; more++) {
            size_t cut = first + chunk * sealed + (more < 20 ? more : sealed - (40 - more));
            if (cut >= file.n)
                continue;
            assert_status(cv_age_decrypt(IDENTITIES(k->id), 1, CV_BYTES(file.p, cut), MAX_PLAIN, &out, NULL),
                          CV_ERR_AUTH);
        }
    }
    uint8_t *copy = malloc(sealed);
    assert_non_null(copy);
    memcpy(copy, file.p + first, sealed);
    memmove(file.p + first, file.p + first + sealed, sealed);
    memcpy(file.p + first + sealed, copy, sealed);
    free(copy);
    assert_status(cv_age_decrypt(IDENTITIES(k->id), 1, cv_buf_view(&file), MAX_PLAIN, &out, NULL),
                  CV_ERR_AUTH);
    assert_int_equal(out.n, 0);
    cv_buf_free(&plain);
    cv_buf_free(&file);
    cv_buf_free(&out);
}

static void write_in_pieces(const struct keys *k, size_t n, size_t piece, struct cv_buf *file)
{
    static const uint8_t zeros[CV_AGE_CHUNK_BYTES];
    struct cv_age *w = NULL;
    assert_ok(cv_age_writer(RECIPIENTS(k->to), 2, file, &w, NULL));
    for (size_t done = 0; done < n; done += piece)
        assert_ok(cv_age_write(w, CV_BYTES(zeros, n - done < piece ? n - done : piece), file, NULL));
    assert_ok(cv_age_finish(w, file, NULL));
    assert_status(cv_age_finish(w, file, NULL), CV_ERR_ARG);
    assert_status(cv_age_write(w, CV_LIT("x"), file, NULL), CV_ERR_ARG);
    cv_age_free(w);
}

static cv_status read_in_pieces(const struct keys *k, struct cv_bytes file, size_t piece, struct cv_buf *out)
{
    struct cv_age *r = NULL;
    assert_ok(cv_age_reader(IDENTITIES(k->id), 1, &r));
    cv_status st = CV_OK;
    for (size_t done = 0; st == CV_OK && done < file.n; done += piece) {
        size_t n = file.n - done < piece ? file.n - done : piece;
        st = cv_age_read(r, CV_BYTES(file.p + done, n), out, NULL);
    }
    st = CV_THEN(st, cv_age_end(r, out, NULL));
    size_t n = out->n;
    if (st != CV_OK) { /* it stays so, and gives nothing more */
        assert_status(cv_age_read(r, CV_LIT("x"), out, NULL), st);
        assert_status(cv_age_end(r, out, NULL), st);
    } else {
        assert_status(cv_age_end(r, out, NULL), CV_ERR_ARG);
        assert_status(cv_age_read(r, CV_LIT("x"), out, NULL), CV_ERR_ARG);
    }
    assert_int_equal(out->n, n);
    cv_age_free(r);
    return st;
}

static void streams_in_pieces_of_any_size(void **state)
{
    const struct keys *k = *state;
    static const size_t sizes[] = { 0, 9, 65536, 131072, 140000 };
    static const size_t pieces[] = { 1, 17, 4096, 65536 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
            struct cv_buf file = { 0 }, out = { 0 };
            write_in_pieces(k, sizes[i], pieces[j], &file);
            assert_ok(read_in_pieces(k, cv_buf_view(&file), pieces[j], &out));
            assert_int_equal(out.n, sizes[i]);
            cv_buf_truncate(&out, 0);
            /* The last byte missing or wrong: every chunk before the last comes out, no more.
             */
            size_t before = sizes[i] == 0 ? 0 : (sizes[i] - 1) / CV_AGE_CHUNK_BYTES * CV_AGE_CHUNK_BYTES;
            assert_status(read_in_pieces(k, CV_BYTES(file.p, file.n - 1), pieces[j], &out), CV_ERR_AUTH);
            assert_int_equal(out.n, before);
            cv_buf_truncate(&out, 0);
            file.p[file.n - 1] ^= 0x80;
            assert_status(read_in_pieces(k, cv_buf_view(&file), pieces[j], &out), CV_ERR_AUTH);
            assert_int_equal(out.n, before);
            cv_buf_free(&file);
            cv_buf_free(&out);
        }
    }
}

static void a_stream_has_one_direction(void **state)
{
    const struct keys *k = *state;
    struct cv_buf out = { 0 };
    struct cv_age *w = NULL, *r = NULL;
    assert_ok(cv_age_writer(RECIPIENTS(k->to), 2, &out, &w, NULL));
    assert_ok(cv_age_reader(IDENTITIES(k->id), 1, &r));
    assert_status(cv_age_read(w, CV_LIT("x"), &out, NULL), CV_ERR_ARG);
    assert_status(cv_age_write(r, CV_LIT("x"), &out, NULL), CV_ERR_ARG);
    assert_false(cv_age_opened(w));
    assert_false(cv_age_opened(r));
    cv_age_free(w);
    cv_age_free(r);
    cv_age_free(NULL);
    cv_buf_free(&out);
}

int main(void)
{
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bech32_is_strict),           cmocka_unit_test(no_damaged_key_is_taken),
        cmocka_unit_test(keys_are_as_specified),      cmocka_unit_test(fingerprint_is_of_the_text),
        cmocka_unit_test(armour_is_strict),           cmocka_unit_test(armour_goes_there_and_back),
        cmocka_unit_test(armour_is_not_malleable),    cmocka_unit_test(header_grammar),
        cmocka_unit_test(a_header_has_a_bound),       cmocka_unit_test(every_size_goes_there_and_back),
        cmocka_unit_test(a_passphrase_stands_alone),  cmocka_unit_test(no_bit_can_be_changed),
        cmocka_unit_test(chunks_keep_their_places),   cmocka_unit_test(streams_in_pieces_of_any_size),
        cmocka_unit_test(a_stream_has_one_direction),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
