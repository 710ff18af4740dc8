/* Usage: age_tool encrypt [-a] (-r RECIPIENT... | -p FD [-w LOG-N])
 *        age_tool decrypt (-i IDENTITY-FILE... | -p FD)
 *        age_tool keygen
 * stdin to stdout, for tests only: drives formats/age.h so that other implementations can be set against it.
 * The exit status is the cv_status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/scrypt.h"
#include "crypto/secret.h"
#include "formats/age.h"
#include "formats/armor.h"

#define KEYS_MAX 16
#define BLOCK_BYTES 100000 /* no divisor of anything */

struct tool {
    bool armor;
    unsigned log_n;
    struct cv_age_recipient *recipients[KEYS_MAX];
    struct cv_age_identity *ids[KEYS_MAX];
    size_t count;
};

static cv_status read_all(int fd, struct cv_buf *out)
{
    uint8_t block[4096];
    ssize_t n = 0;
    cv_status st = CV_OK;
    while (st == CV_OK && (n = read(fd, block, sizeof block)) > 0)
        st = cv_buf_append(out, CV_BYTES(block, (size_t)n));
    cv_wipe(block, sizeof block);
    return n < 0 ? CV_ERR_IO : st;
}

static cv_status write_all(struct cv_buf *b)
{
    bool ok = b->n == 0 || fwrite(b->p, 1, b->n, stdout) == b->n;
    cv_buf_truncate(b, 0);
    return ok ? CV_OK : CV_ERR_IO;
}

/* Without the final LF. */
static struct cv_bytes trim(const struct cv_buf *b)
{
    return CV_BYTES(b->p, b->n > 0 && b->p[b->n - 1] == '\n' ? b->n - 1 : b->n);
}

static cv_status add_passphrase(struct tool *t, bool encrypt, const char *fd, struct cv_err *err)
{
    struct cv_buf text = { 0 };
    cv_status st = read_all((int)strtol(fd, NULL, 10), &text);
    if (encrypt)
        st = CV_THEN(st, cv_age_recipient_passphrase(trim(&text), t->log_n, &t->recipients[t->count]));
    else
        st = CV_THEN(st, cv_age_identity_passphrase(trim(&text), CV_SCRYPT_LOG_N_MAX, &t->ids[t->count]));
    cv_buf_free(&text);
    return cv_err_note(err, st, "passphrase");
}

/* The one line of an identity file that is not a comment. */
static cv_status add_identity(struct tool *t, const char *path, struct cv_err *err)
{
    char line[256] = "";
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return cv_fail_errno(err, "%s", path);
    while (fgets(line, sizeof line, f) != NULL && line[0] == '#')
        ;
    (void)fclose(f);
    line[strcspn(line, "\n")] = '\0';
    cv_status st = cv_age_identity_x25519(cv_bytes_str(line), &t->ids[t->count], err);
    cv_wipe(line, sizeof line);
    return st;
}

static cv_status encrypt(const struct tool *t, struct cv_err *err)
{
    static uint8_t block[BLOCK_BYTES];
    struct cv_buf out = { 0 }, text = { 0 };
    struct cv_age *w = NULL;
    size_t n = 0;
    cv_status st =
        cv_age_writer((const struct cv_age_recipient *const *)t->recipients, t->count, &out, &w, err);
    while (st == CV_OK && (n = fread(block, 1, sizeof block, stdin)) > 0) {
        st = cv_age_write(w, CV_BYTES(block, n), &out, err);
        if (!t->armor)
            st = CV_THEN(st, write_all(&out));
    }
    st = CV_THEN(st, cv_age_finish(w, &out, err));
    if (t->armor)
        st = CV_THEN(st, cv_armor_encode(cv_buf_view(&out), &text));
    st = CV_THEN(st, write_all(t->armor ? &text : &out));
    cv_age_free(w);
    cv_buf_free(&out);
    cv_buf_free(&text);
    return st;
}

static cv_status decrypt_armored(const struct tool *t, struct cv_bytes begun, struct cv_err *err)
{
    struct cv_buf text = { 0 }, raw = { 0 }, plain = { 0 };
    cv_status st = cv_buf_append(&text, begun);
    st = CV_THEN(st, read_all(STDIN_FILENO, &text));
    st = CV_THEN(st, cv_armor_decode(cv_buf_view(&text), &raw, err));
    st = CV_THEN(st, cv_age_decrypt((const struct cv_age_identity *const *)t->ids, t->count,
                                    cv_buf_view(&raw), CV_BUF_MAX, &plain, err));
    st = CV_THEN(st, write_all(&plain));
    cv_buf_free(&text);
    cv_buf_free(&raw);
    cv_buf_free(&plain);
    return st;
}

static cv_status decrypt(const struct tool *t, struct cv_err *err)
{
    static uint8_t block[BLOCK_BYTES];
    struct cv_buf out = { 0 };
    struct cv_age *r = NULL;
    ssize_t n = read(STDIN_FILENO, block, sizeof block);
    if (n > 0 && cv_armor_detect(CV_BYTES(block, (size_t)n)))
        return decrypt_armored(t, CV_BYTES(block, (size_t)n), err);
    cv_status st = cv_age_reader((const struct cv_age_identity *const *)t->ids, t->count, &r);
    for (; st == CV_OK && n > 0; n = read(STDIN_FILENO, block, sizeof block)) {
        st = cv_age_read(r, CV_BYTES(block, (size_t)n), &out, err);
        st = CV_THEN(st, write_all(&out));
    }
    st = CV_THEN(st, n < 0 ? CV_ERR_IO : cv_age_end(r, &out, err));
    st = CV_THEN(st, write_all(&out));
    cv_age_free(r);
    cv_buf_free(&out);
    return st;
}

static cv_status keygen(void)
{
    struct cv_secret secret = { 0 };
    struct cv_buf text = { 0 };
    cv_status st = cv_buf_str(&text, "# public key: ");
    st = CV_THEN(st, cv_age_keygen(&secret, &text));
    st = CV_THEN(st, cv_buf_str(&text, "\n"));
    st = CV_THEN(st, cv_buf_append(&text, cv_secret_view(&secret)));
    st = CV_THEN(st, cv_buf_str(&text, "\n"));
    st = CV_THEN(st, write_all(&text));
    cv_secret_free(&secret);
    cv_buf_free(&text);
    return st;
}

static cv_status run(struct tool *t, int argc, char **argv, struct cv_err *err)
{
    bool sealing = strcmp(argv[1], "encrypt") == 0;
    int c = 0;
    optind = 2;
    if (strcmp(argv[1], "keygen") == 0)
        return keygen();
    while ((c = getopt(argc, argv, "ar:i:p:w:")) != -1) {
        cv_status st = t->count < KEYS_MAX ? CV_OK : CV_ERR_LIMIT;
        if (c == 'a') {
            t->armor = true;
            continue;
        }
        if (c == 'w') {
            t->log_n = (unsigned)strtoul(optarg, NULL, 10);
            continue;
        }
        if (c == 'r' && sealing)
            st = CV_THEN(st, cv_age_recipient_x25519(cv_bytes_str(optarg), &t->recipients[t->count], err));
        else if (c == 'i' && !sealing)
            st = CV_THEN(st, add_identity(t, optarg, err));
        else if (c == 'p')
            st = CV_THEN(st, add_passphrase(t, sealing, optarg, err));
        else
            st = CV_ERR_ARG;
        if (st != CV_OK)
            return st;
        t->count++;
    }
    return sealing ? encrypt(t, err) : decrypt(t, err);
}

int main(int argc, char **argv)
{
    struct tool t = { .log_n = CV_SCRYPT_LOG_N };
    struct cv_err err = { 0 };
    if (argc < 2) {
        fprintf(stderr, "usage: age_tool encrypt|decrypt|keygen ...\n");
        return CV_ERR_ARG;
    }
    cv_status st = cv_secret_heap_init() == CV_ERR_INTERNAL ? CV_ERR_INTERNAL : run(&t, argc, argv, &err);
    if (st == CV_OK && fflush(stdout) != 0)
        st = CV_ERR_IO;
    if (st != CV_OK)
        fprintf(stderr, "age_tool: %s\n", err.msg[0] != '\0' ? err.msg : cv_status_text(st));
    for (size_t i = 0; i < KEYS_MAX; i++) {
        cv_age_recipient_free(t.recipients[i]);
        cv_age_identity_free(t.ids[i]);
    }
    return (int)st;
}
