#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "formats/checkpoint.h"
#include "vault/attest.h"
#include "vault/witness.h"

/* audit witness request / keep: what those who keep a vault, or its auditor, do with witnesses. */

/* ---- request ---- */

struct request_args {
    const char *witness, *out, *from;
};
static const struct cv_opt request_opts[] = {
    { "from", 0, "SIZE", "what the witness cosigned last (else what the vault has of it, else 0)",
      offsetof(struct request_args, from), CV_OPT_TEXT },
    { "witness", 0, "VKEY", "whose cosignatures in the vault count (else anybody's)",
      offsetof(struct request_args, witness), CV_OPT_TEXT },
    { "out", 'o', "FILE", "where the request goes (else standard output)", offsetof(struct request_args, out),
      CV_OPT_TEXT },
    { 0 },
};

/* tell_asked(ui, asked): for whoever sends it: what is asked, and which key the witness must know. */
static cv_status tell_asked(struct cv_ui *ui, const struct cv_witness_asked *asked, bool answer)
{
    struct cv_buf vkey = { 0 };
    cv_status st = cv_note_vkey(asked->log.name, asked->log.public, &vkey);
    st = CV_THEN(st, cv_buf_append(&vkey, CV_LIT("\0")));
    if (st == CV_OK && ui->json && answer) {
        struct cv_json *o = cv_json_object();
        st = cv_json_set(o, "size", cv_json_int((int64_t)asked->size));
        st = CV_THEN(st, cv_json_set(o, "from", cv_json_int((int64_t)asked->from)));
        st = CV_THEN(st, cv_json_set(o, "log", cv_json_str((const char *)vkey.p)));
        st = CV_THEN(st, cv_ui_answer(ui, o));
        cv_json_free(o);
    } else if (st == CV_OK)
        cv_ui_say(ui,
                  "A request to cosign the checkpoint of size %" PRIu64 ", from %" PRIu64
                  ". The log's key, for the witness's --log:\n%s",
                  asked->size, asked->from, (const char *)vkey.p);
    cv_buf_free(&vkey);
    return st;
}

static cv_status run_request(struct cv_ui *ui, const void *args)
{
    const struct request_args *a = args;
    struct cv_note_key witness;
    struct cv_witness_asked asked;
    struct cv_buf body = { 0 };
    char path[4096], *end = NULL;
    uint64_t from = CV_WITNESS_LAST;
    const bool file = a->out != NULL && strcmp(a->out, "-") != 0;
    if (a->from != NULL) {
        from = strtoull(a->from, &end, 10);
        if (a->from[0] < '0' || a->from[0] > '9' || *end != '\0' || from > INT64_MAX)
            return cv_fail(&ui->err, CV_ERR_ARG, "--from wants a size");
    }
    cv_status st =
        a->witness != NULL ? cv_cosignature_vkey_parse(cv_bytes_str(a->witness), &witness, &ui->err) : CV_OK;
    st = CV_THEN(st, cv_ui_vault_path(ui, path));
    st = CV_THEN(
        st, cv_witness_request(path, from, a->witness != NULL ? &witness : NULL, &body, &asked, &ui->err));
    if (st == CV_OK && file)
        cv_ui_training(ui, asked.training);
    st = CV_THEN(st, cv_ui_write_file(ui, file ? a->out : "-", cv_buf_view(&body)));
    st = CV_THEN(st, tell_asked(ui, &asked, file));
    cv_buf_free(&body);
    return st;
}

const struct cv_cmd cv_cmd_witness_request = {
    .name = "audit witness request",
    .synopsis = "[--from SIZE] [--witness VKEY] [-o OUT]",
    .summary = "ask a witness to cosign the vault's last checkpoint (no key is needed)",
    .details = "It verifies the whole log on the way, and proves that it has only grown since what was "
               "cosigned before. The request holds no more than hashes; it goes to `audit witness sign`, or "
               "by HTTP to a witness's add-checkpoint.",
    .opts = request_opts,
    .args_bytes = sizeof(struct request_args),
    .run = run_request,
};

/* ---- keep ---- */

struct keep_args {
    uint64_t checkpoint;
    struct cv_words witnesses;
};
static const struct cv_opt keep_opts[] = {
    { "witness", 0, "VKEY", "a witness that the policy does not name; can be given again",
      offsetof(struct keep_args, witnesses), CV_OPT_LIST },
    { "checkpoint", 'c', "SIZE", "of which size (else the last one that it fits)",
      offsetof(struct keep_args, checkpoint), CV_OPT_COUNT },
    { 0 },
};

#define KEYS_MAX 64

struct keeping {
    struct cv_vault *v;
    struct cv_note_key keys[KEYS_MAX];
    size_t key_count;
    uint64_t *checkpoints;
    size_t count;
    struct cv_bytes line;             /* under way */
    const struct cv_note_key *signer; /* of it */
    bool claimed, there;
};

/* take_keys(k, words): the policy's witnesses, and those named. */
static cv_status take_keys(struct keeping *k, const struct cv_words *words, struct cv_err *err)
{
    const struct cv_policy_witnesses *w = &cv_vault_policy(k->v)->witnesses;
    cv_status st = w->count + words->n <= KEYS_MAX ? CV_OK : cv_fail(err, CV_ERR_ARG, "too many witnesses");
    for (size_t i = 0; i < w->count && st == CV_OK; i++)
        k->keys[k->key_count++] = w->keys[i];
    for (size_t i = 0; i < words->n && st == CV_OK; i++)
        st = cv_cosignature_vkey_parse(cv_bytes_str(words->w[i]), &k->keys[k->key_count++], err);
    if (st == CV_OK && k->key_count == 0)
        st = cv_fail(err, CV_ERR_ARG,
                     "the policy names no witness: name the one whose it is with --witness VKEY");
    return st;
}

/* find_checkpoints(k, only): all of them, or the one. */
static cv_status find_checkpoints(struct keeping *k, uint64_t only, struct cv_err *err)
{
    struct cv_catalog *catalog = cv_custody_catalog(k->v->custody);
    uint64_t at = only, index = 0;
    size_t room = 0;
    cv_status st;
    while ((st = cv_catalog_next(catalog, CV_KIND_CHECKPOINT, at, &index, err)) == CV_OK) {
        if (only > 0 && index != only)
            break;
        if (k->count == room) {
            room = room > 0 ? 2 * room : 64;
            uint64_t *more = realloc(k->checkpoints, room * sizeof(*more));
            if (more == NULL)
                return CV_ERR_NOMEM;
            k->checkpoints = more;
        }
        k->checkpoints[k->count++] = index;
        at = index + 1;
        if (only > 0)
            break;
    }
    if (only > 0 && k->count == 0)
        return cv_fail(err, CV_ERR_NOTFOUND, "--checkpoint: no checkpoint of this log has the size %" PRIu64,
                       only);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* fits(k, index): the line is a cosignature of this checkpoint by one of the keys. CV_OK; CV_ERR_NOTFOUND if
 * not. */
static cv_status fits(struct keeping *k, uint64_t index, struct cv_err *err)
{
    struct cv_buf bytes = { 0 };
    struct cv_note note = { 0 };
    cv_status st = cv_checkpoint_note(k->v, index, &bytes, err);
    st = CV_THEN(st, cv_note_parse(cv_buf_view(&bytes), &note, err));
    cv_status found = CV_ERR_NOTFOUND;
    for (size_t i = 0; i < k->key_count && st == CV_OK && found != CV_OK; i++) {
        found = cv_cosignature_verify(k->line, note.text, &k->keys[i], NULL, NULL);
        k->claimed = k->claimed || found == CV_OK || found == CV_ERR_AUTH;
        if (found == CV_OK)
            k->signer = &k->keys[i];
        else if (found == CV_ERR_FORMAT)
            st = cv_fail(err, CV_ERR_FORMAT,
                         "this is not a cosignature: a line that begins with a dash and the witness's name");
        else if (found != CV_ERR_NOTFOUND && found != CV_ERR_AUTH)
            st = found;
    }
    cv_note_free(&note);
    cv_buf_free(&bytes);
    return st == CV_OK && found != CV_OK ? CV_ERR_NOTFOUND : st;
}

/* on_attest: a cv_attest_fn: is the very line there already? */
static cv_status on_attest(void *arg, uint64_t index, const struct cv_attest *a, struct cv_err *err)
{
    struct keeping *k = arg;
    (void)index;
    (void)err;
    k->there = k->there || cv_bytes_equal(cv_buf_view(&a->value), k->line);
    return CV_OK;
}

/* keep_line(k): verify it, and put it into the log. CV_ERR_NOTFOUND if it is of none of the keys. */
static cv_status keep_line(struct cv_ui *ui, struct keeping *k)
{
    struct cv_attest a = { .kind = CV_ATTEST_COSIGNATURE };
    char detail[400];
    cv_status st = CV_ERR_NOTFOUND;
    k->claimed = k->there = false;
    for (size_t i = k->count; i-- > 0 && st == CV_ERR_NOTFOUND;) {
        a.checkpoint = k->checkpoints[i];
        st = fits(k, a.checkpoint, &ui->err);
        if (st == CV_ERR_NOTFOUND && !k->claimed)
            return st;
    }
    if (st == CV_ERR_NOTFOUND)
        return cv_fail(&ui->err, CV_ERR_AUTH,
                       "the cosignature is of no checkpoint of this log; nothing was kept");
    st = CV_THEN(st, cv_attests(k->v, on_attest, k, &ui->err));
    if (st == CV_OK && k->there)
        return cv_fail(&ui->err, CV_ERR_EXISTS, "this cosignature is in the log already: nothing is to do");
    st = CV_THEN(st, cv_buf_append(&a.value, k->line));
    if (st == CV_OK) {
        snprintf(detail, sizeof(detail), "cosignature of %s, checkpoint %" PRIu64, k->signer->name,
                 a.checkpoint);
        st = cv_attest_add(k->v, &a, detail, &ui->err);
    }
    if (st == CV_OK)
        cv_ui_say(ui, "Kept: %s cosigned the checkpoint of size %" PRIu64 ".", k->signer->name, a.checkpoint);
    cv_attest_free(&a);
    return st;
}

/* keep_lines(ui, k, text): one line after another; those of unknown keys are passed over. */
static cv_status keep_lines(struct cv_ui *ui, struct keeping *k, struct cv_bytes text)
{
    cv_status st = CV_OK;
    size_t kept = 0;
    while (text.n > 0 && st == CV_OK) {
        const uint8_t *lf = memchr(text.p, '\n', text.n);
        if (lf == NULL)
            return cv_fail(&ui->err, CV_ERR_FORMAT, "the last line does not end; copy all of it again");
        k->line = CV_BYTES(text.p, (size_t)(lf - text.p) + 1);
        text = CV_BYTES(lf + 1, text.n - k->line.n);
        st = keep_line(ui, k);
        kept += st == CV_OK;
        st = st == CV_ERR_NOTFOUND ? CV_OK : st;
    }
    if (st == CV_OK && kept == 0)
        st = cv_fail(&ui->err, CV_ERR_NOTFOUND,
                     "no cosignature of a witness that the policy names; name another with --witness VKEY");
    return st;
}

static cv_status run_keep(struct cv_ui *ui, const void *args)
{
    const struct keep_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_buf text = { 0 };
    struct keeping *k = calloc(1, sizeof(*k));
    cv_status st =
        k == NULL ? CV_ERR_NOMEM : cv_ui_read_file(ui, ui->words.w[0], CV_WITNESS_REQUEST_MAX, &text);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    if (st == CV_OK) {
        k->v = o.vault;
        st = take_keys(k, &a->witnesses, &ui->err);
        st = CV_THEN(st, find_checkpoints(k, a->checkpoint, &ui->err));
        st = CV_THEN(st, keep_lines(ui, k, cv_buf_view(&text)));
    }
    cv_ui_close(&o);
    if (k != NULL)
        free(k->checkpoints);
    free(k);
    cv_buf_free(&text);
    return st;
}

const struct cv_cmd cv_cmd_witness_keep = {
    .name = "audit witness keep",
    .synopsis = "[--witness VKEY] [--checkpoint SIZE] FILE",
    .summary = "put a witness's cosignature into the log, after verifying it",
    .details = "FILE (- for standard input) is what the witness answered. `audit verify` counts it if the "
               "policy names its key.",
    .opts = keep_opts,
    .args_bytes = sizeof(struct keep_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_keep,
};
