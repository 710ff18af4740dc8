#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "crypto/scrypt.h"
#include "vault/witness.h"

/* audit witness new / sign / serve: what a witness does, on a machine of its own; none of it needs a vault.
 */

static cv_status set_vkey(struct cv_buf *vkey, const struct cv_note_key *key)
{
    cv_status st = cv_cosignature_vkey(key, vkey);
    return CV_THEN(st, cv_buf_append(vkey, CV_LIT("\0")));
}

/* ---- new ---- */

struct new_args {
    const char *name;
    uint64_t work;
};
static const struct cv_opt new_opts[] = {
    { "name", 0, "NAME", "what it is called, for example auditor.example/w1 (else by its fingerprint)",
      offsetof(struct new_args, name), CV_OPT_TEXT },
    { "work", 0, "N", "scrypt's work, 2^N (default 17; less only for tests)", offsetof(struct new_args, work),
      CV_OPT_NUMBER },
    { 0 },
};

static cv_status print_witness(struct cv_ui *ui, const struct cv_note_key *key)
{
    struct cv_buf vkey = { 0 };
    cv_status st = set_vkey(&vkey, key);
    if (st == CV_OK && ui->json) {
        struct cv_json *o = cv_json_object();
        st = cv_json_set(o, "name", cv_json_str(key->name));
        st = CV_THEN(st, cv_json_set(o, "vkey", cv_json_str((const char *)vkey.p)));
        st = CV_THEN(st, cv_ui_answer(ui, o));
        cv_json_free(o);
    } else if (st == CV_OK) {
        printf("%s\n", (const char *)vkey.p);
        cv_ui_say(ui,
                  "\nThe line above is your witness's public key. Give it to those who keep the vault, for "
                  "`policy set\n--witness`, and read its end out to them by telephone. What this witness "
                  "cosigned last it remembers on\nthis machine: use its key here and nowhere else.");
    }
    cv_buf_free(&vkey);
    return st;
}

static cv_status run_new(struct cv_ui *ui, const void *args)
{
    const struct new_args *a = args;
    struct cv_witness w = { 0 };
    struct cv_secret passphrase = { 0 };
    struct cv_buf file = { 0 };
    const uint64_t work = a->work == 0 ? CV_SCRYPT_LOG_N : a->work;
    if (work > CV_SCRYPT_LOG_N_MAX)
        return cv_fail(&ui->err, CV_ERR_ARG, "--work: at most %d", CV_SCRYPT_LOG_N_MAX);
    cv_status st = cv_witness_new(a->name, &w, &ui->err);
    st = CV_THEN(st, cv_ui_passphrase(ui, "A new passphrase for the witness", true, &passphrase));
    st = CV_THEN(st, cv_witness_seal(&w, cv_secret_view(&passphrase), (unsigned)work, &file, &ui->err));
    st = CV_THEN(st, cv_ui_write_file(ui, ui->words.w[0], cv_buf_view(&file)));
    st = CV_THEN(st, print_witness(ui, &w.public));
    cv_witness_free(&w);
    cv_secret_free(&passphrase);
    cv_buf_free(&file);
    return st;
}

const struct cv_cmd cv_cmd_witness_new = {
    .name = "audit witness new",
    .synopsis = "[--name NAME] FILE",
    .summary = "make a witness's key: an auditor's, who cosigns what a log says of itself",
    .details =
        "It prints the verifier key by which others know its cosignatures. The file is an age file that "
        "your passphrase opens; it is no member's identity, and opens nothing in any vault.",
    .opts = new_opts,
    .args_bytes = sizeof(struct new_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_new,
};

/* ---- what sign and serve share ---- */

#define LOGS_MAX 64

static cv_status open_witness(struct cv_bytes file, struct cv_bytes passphrase, void *out, struct cv_err *err)
{
    return cv_witness_open(file, passphrase, out, err);
}

/* parse_logs(ui, words, logs): the keys of the logs it knows. */
static cv_status parse_logs(struct cv_ui *ui, const struct cv_words *words, struct cv_note_key *logs)
{
    cv_status st = words->n > 0 && words->n <= LOGS_MAX
                       ? CV_OK
                       : cv_fail(&ui->err, CV_ERR_ARG,
                                 "name the keys of the logs it knows, 1 to %d, each with --log VKEY; "
                                 "`audit witness request` prints a vault's",
                                 LOGS_MAX);
    for (size_t i = 0; i < words->n && st == CV_OK; i++)
        st = cv_note_vkey_parse(cv_bytes_str(words->w[i]), CV_NOTE_TYPE_ED25519, &logs[i], &ui->err);
    return st == CV_ERR_FORMAT ? CV_ERR_ARG : st;
}

static cv_status take_key(struct cv_ui *ui, const char *path, struct cv_witness *w)
{
    memset(w, 0, sizeof(*w));
    if (path == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "name the witness's key with --key FILE; `audit witness new` makes one");
    return cv_ui_open_keys(ui, path, open_witness, w);
}

/* ---- sign ---- */

struct sign_args {
    const char *key, *checkpoint, *out;
    struct cv_words logs;
};
static const struct cv_opt sign_opts[] = {
    { "key", 'k', "FILE", "the witness's key", offsetof(struct sign_args, key), CV_OPT_TEXT },
    { "log", 0, "VKEY", "a key of a log it knows; can be given again", offsetof(struct sign_args, logs),
      CV_OPT_LIST },
    { "checkpoint", 'c', "FILE", "what `audit witness request` wrote (else standard input)",
      offsetof(struct sign_args, checkpoint), CV_OPT_TEXT },
    { "out", 'o', "FILE", "where the cosignature goes (else standard output)",
      offsetof(struct sign_args, out), CV_OPT_TEXT },
    { 0 },
};

/* status_of(ui, a): what it answered, as a command answers. */
static cv_status status_of(struct cv_ui *ui, const struct cv_witness_answer *a)
{
    switch (a->code) {
    case 200:
        return CV_OK;
    case 409:
        return cv_fail(&ui->err, CV_ERR_EXISTS,
                       "%s. Nothing was cosigned; ask for a request with `audit witness request --from "
                       "%" PRIu64 "`",
                       a->why.msg, a->size);
    case 403:
    case 422:
        return cv_fail(&ui->err, a->code == 403 ? CV_ERR_AUTH : CV_ERR_LOG,
                       "%s. Nothing was cosigned: keep the request, it may be evidence", a->why.msg);
    case 404:
        return cv_fail(&ui->err, CV_ERR_NOTFOUND, "%s; name its key with --log", a->why.msg);
    case 400:
        return cv_fail(&ui->err, CV_ERR_FORMAT, "the request is not well formed: %s", a->why.msg);
    default:
        return cv_fail(&ui->err, a->why.status != CV_OK ? a->why.status : CV_ERR_INTERNAL, "%s", a->why.msg);
    }
}

static cv_status run_sign(struct cv_ui *ui, const void *args)
{
    const struct sign_args *a = args;
    struct cv_note_key logs[LOGS_MAX];
    struct cv_witness w = { 0 };
    struct cv_witness_answer answer = { 0 };
    struct cv_buf body = { 0 }, packed = { 0 };
    const time_t now = time(NULL);
    cv_status st = parse_logs(ui, &a->logs, logs);
    st = CV_THEN(
        st, cv_ui_read_file(ui, a->checkpoint != NULL ? a->checkpoint : "-", CV_WITNESS_REQUEST_MAX, &body));
    st = CV_THEN(st,
                 cv_witness_read(cv_buf_view(&body), &packed, &answer, &ui->err)); /* before there is a key */
    if (st == CV_OK && answer.code != 0)
        st = status_of(ui, &answer);
    st = CV_THEN(st, take_key(ui, a->key, &w));
    if (st == CV_OK) {
        cv_witness_answer(&w, logs, a->logs.n, cv_buf_view(&packed), now > 0 ? (uint64_t)now : 0, &answer);
        st = status_of(ui, &answer);
    }
    st = CV_THEN(st, cv_ui_write_file(ui, a->out != NULL ? a->out : "-", cv_buf_view(&answer.line)));
    if (st == CV_OK)
        cv_ui_say(ui, "Cosigned: %s, size %" PRIu64 ".", answer.origin, answer.asked);
    cv_witness_answer_free(&answer);
    cv_witness_free(&w);
    cv_buf_free(&body);
    cv_buf_free(&packed);
    return st;
}

const struct cv_cmd cv_cmd_witness_sign = {
    .name = "audit witness sign",
    .synopsis = "--key FILE --log VKEY [--checkpoint IN] [-o OUT]",
    .summary = "cosign a checkpoint, file in, file out, if its log has only grown (witnesses)",
    .details = "IN is a request as `audit witness request` writes it and c2sp.org/tlog-witness has it. What "
               "was cosigned is on this machine's disk before the cosignature is told.",
    .opts = sign_opts,
    .args_bytes = sizeof(struct sign_args),
    .run = run_sign,
};

/* ---- serve ---- */

struct serve_args {
    const char *key, *listen;
    struct cv_words logs;
};
static const struct cv_opt serve_opts[] = {
    { "key", 'k', "FILE", "the witness's key", offsetof(struct serve_args, key), CV_OPT_TEXT },
    { "log", 0, "VKEY", "a key of a log it knows; can be given again", offsetof(struct serve_args, logs),
      CV_OPT_LIST },
    { "listen", 0, "PLACE", "numeric address and port (default 127.0.0.1:8340; port 0: a free one)",
      offsetof(struct serve_args, listen), CV_OPT_TEXT },
    { 0 },
};

/* say(arg, a): a line of each request that was judged; names come from strangers. */
static void say(void *arg, const struct cv_witness_answer *a)
{
    struct cv_err line = { 0 };
    const bool told = a->code != 200 && a->why.msg[0] != '\0';
    (void)!cv_fail(&line, CV_ERR_INTERNAL, "%u %.127s %" PRIu64 "%s%.100s", a->code,
                   a->origin[0] != '\0' ? a->origin : "-", a->asked, told ? ": " : "",
                   told ? a->why.msg : "");
    cv_ui_say(arg, "%s", line.msg);
}

static cv_status run_serve(struct cv_ui *ui, const void *args)
{
    const struct serve_args *a = args;
    struct cv_note_key logs[LOGS_MAX];
    struct cv_witness w = { 0 };
    char place[CV_WITNESS_PLACE_BYTES];
    struct cv_confined front = { .child = -1, .channel = { .fd = -1 } };
    int fd = -1;
    cv_status st = parse_logs(ui, &a->logs, logs);
    st = CV_THEN(st,
                 cv_witness_listen(a->listen != NULL ? a->listen : "127.0.0.1:8340", &fd, place, &ui->err));
    st = CV_THEN(st, cv_witness_front(fd, &front, &ui->err)); /* before there is a key */
    if (fd >= 0)
        close(fd);
    st = CV_THEN(st, take_key(ui, a->key, &w));
    if (st == CV_OK) {
        cv_print("Listening: http://%s/add-checkpoint\n", place);
        fflush(stdout);
        st = cv_witness_serve(&front, &w, logs, a->logs.n, say, ui, &ui->err);
        st = cv_err_note(&ui->err, st, "witness");
    } else
        st = cv_confined_end(&front, place, st, NULL);
    cv_witness_free(&w);
    return st;
}

const struct cv_cmd cv_cmd_witness_serve = {
    .name = "audit witness serve",
    .synopsis = "--key FILE --log VKEY... [--listen ADDRESS:PORT]",
    .summary = "the same as a service, over HTTP (c2sp.org/tlog-witness), until it is told to end",
    .details = "It speaks no TLS: to be reached from elsewhere it wants a proxy in front of it that does. "
               "SIGTERM ends it.",
    .opts = serve_opts,
    .args_bytes = sizeof(struct serve_args),
    .run = run_serve,
};
