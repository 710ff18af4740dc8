#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "formats/base64.h"
#include "formats/checkpoint.h"
#include "formats/qr.h"
#include "formats/tlog_proof.h"
#include "vault/prove.h"

/* audit head, audit prove: what the log is now, short enough to be read out; and proofs about it, for
 * anybody. Neither needs a key. */

#define FILE_MAX ((size_t)1 << 20)

/* ---- audit head ---- */

/* head_print(root, out): its first 80 bits, in groups: long enough that no other log can be made to fit. */
static void head_print(const struct cv_hash *root, char out[static CV_FINGERPRINT_BYTES])
{
    char hex[65];
    cv_hex_encode(CV_ARR(root->b), hex);
    cv_vault_fingerprint(hex, out);
}

static cv_status answer_head(struct cv_ui *ui, const struct cv_custody *c, const char *print,
                             const struct cv_buf *root, const struct cv_buf *vkey)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "vault", cv_json_str(c->chain.policy->vault));
    st = CV_THEN(st, cv_json_set(o, "size", cv_json_int((int64_t)c->chain.edge.size)));
    st = CV_THEN(st, cv_json_set(o, "root", cv_json_strn(cv_buf_view(root))));
    st = CV_THEN(st, cv_json_set(o, "print", cv_json_str(print)));
    st = CV_THEN(st, cv_json_set(o, "log_key", cv_json_strn(cv_buf_view(vkey))));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

struct head_args {
    const char *output;
};
static const struct cv_opt head_opts[] = {
    { "output", 'o', "FILE", "write the signed checkpoint, for others to keep",
      offsetof(struct head_args, output), CV_OPT_TEXT },
    { 0 },
};

/* write_head(ui, c, path): the last checkpoint, as its log signed it (c2sp.org/tlog-checkpoint). */
static cv_status write_head(struct cv_ui *ui, struct cv_custody *c, const char *path)
{
    struct cv_buf data = { 0 };
    struct cv_commit commit = { 0 };
    cv_status st = cv_custody_read(c, c->chain.edge.size, CV_KIND_CHECKPOINT, &data, &ui->err);
    st = CV_THEN(st, cv_commit_parse(cv_buf_view(&data), &commit, &ui->err));
    st = CV_THEN(st, cv_ui_write_file(ui, path, commit.note));
    cv_commit_free(&commit);
    cv_buf_free(&data);
    return st;
}

static cv_status run_head(struct cv_ui *ui, const void *args)
{
    const struct head_args *a = args;
    struct cv_custody *c = NULL;
    struct cv_buf root = { 0 }, vkey = { 0 }, text = { 0 }, blocks = { 0 };
    char print[CV_FINGERPRINT_BYTES], vault[CV_FINGERPRINT_BYTES];
    struct cv_checkpoint head = { 0 };
    cv_status st = cv_ui_open_log(ui, &c);
    if (st == CV_OK && a->output != NULL) {
        st = write_head(ui, c, a->output);
        cv_custody_close(c);
        return st;
    }
    if (st == CV_OK) {
        head_print(&c->chain.root, print);
        cv_vault_fingerprint(c->chain.policy->vault, vault);
        head.size = c->chain.edge.size;
        head.root = c->chain.root;
        cv_policy_origin(c->chain.policy, head.origin);
    }
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_ARR(head.root.b), &root));
    st = CV_THEN(st, cv_note_vkey(head.origin, c->chain.policy->log.key, &vkey));
    st = CV_THEN(st, cv_checkpoint_text(&head, &text));
    if (st == CV_OK && !ui->json)
        st = cv_qr_blocks(cv_buf_view(&text), &blocks);
    if (st == CV_OK && ui->json)
        st = answer_head(ui, c, print, &root, &vkey);
    else if (st == CV_OK) {
        /* The code is higher than a screen: what is to be read comes after it. */
        fwrite(blocks.p, 1, blocks.n, stdout);
        cv_print("\nThe log's key, for those who check proofs:\n%.*s\n", (int)vkey.n, (const char *)vkey.p);
        cv_print("\nRead out, or write down:\n\n    %" PRIu64 "  %s\n\n", head.size, print);
        cv_print_n(stdout, head.size, "That is %" PRIu64 " entry of the vault %s, and all before them.\n",
                   "That is %" PRIu64 " entries of the vault %s, and all before them.\n", head.size, vault);
        cv_print("Later: casevault audit verify --since \"%" PRIu64 " %s\"\n", head.size, print);
    }
    cv_buf_free(&root);
    cv_buf_free(&vkey);
    cv_buf_free(&text);
    cv_buf_free(&blocks);
    cv_custody_close(c);
    return st;
}

const struct cv_cmd cv_cmd_audit_head = {
    .name = "audit head",
    .synopsis = "[-o FILE]",
    .summary = "print what the log is now: a line to read out or write down, and a QR code",
    .details =
        "Whoever keeps it can prove later that nothing before it was removed or changed: `audit verify "
        "--since`. The QR code holds the whole checkpoint (c2sp.org/tlog-checkpoint); with -o FILE it is "
        "written "
        "with its signatures, which prove misconduct if the log ever tells another story.",
    .opts = head_opts,
    .args_bytes = sizeof(struct head_args),
    .run = run_head,
};

/* ---- audit prove ---- */

struct args {
    uint64_t from;
    const char *entry, *output, *check, *log_key;
};
static const struct cv_opt opts[] = {
    { "entry", 'e', "N", "that this entry stands in the log (c2sp.org/tlog-proof)",
      offsetof(struct args, entry), CV_OPT_TEXT },
    { "from", 0, "SIZE", "that the log goes on from what it was when it had so many entries",
      offsetof(struct args, from), CV_OPT_COUNT },
    { "output", 'o', "FILE", "where to write it (default: standard output)", offsetof(struct args, output),
      CV_OPT_TEXT },
    { "check", 0, "FILE", "check such a file; needs no vault", offsetof(struct args, check), CV_OPT_TEXT },
    { "log-key", 0, "VKEY", "with --check: the log's key, as `audit head` prints it",
      offsetof(struct args, log_key), CV_OPT_TEXT },
    { 0 },
};

/* from_text(from, proof, note, out): "old N", hashes, an empty line, the note: what c2sp.org/tlog-witness
 * takes. */
static cv_status from_text(uint64_t from, const struct cv_buf *proof, const struct cv_buf *note,
                           struct cv_buf *out)
{
    cv_status st = cv_buf_printf(out, "old %" PRIu64 "\n", from);
    for (size_t i = 0; i + 32 <= proof->n && st == CV_OK; i += 32) {
        st = cv_base64_encode(CV_BASE64_STD, CV_BYTES(proof->p + i, 32), out);
        st = CV_THEN(st, cv_buf_str(out, "\n"));
    }
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    return CV_THEN(st, cv_buf_append(out, cv_buf_view(note)));
}

static cv_status make(struct cv_ui *ui, const struct args *a)
{
    struct cv_custody *c = NULL;
    char *end = NULL;
    const uint64_t entry = a->entry != NULL ? strtoull(a->entry, &end, 10) : 0;
    if (a->entry != NULL && (end == a->entry || *end != '\0' || a->entry[0] == '-'))
        return cv_fail(&ui->err, CV_ERR_ARG, "--entry wants a number, from 0");
    struct cv_json *list = cv_json_array();
    struct cv_buf proof = { 0 }, note = { 0 }, text = { 0 };
    cv_status st = cv_ui_open_log(ui, &c);
    if (st == CV_OK && a->entry != NULL) {
        st = cv_prove(c, &entry, 1, list, &ui->err);
        st = CV_THEN(st, cv_buf_append(&text, cv_json_text(cv_json_at(list, 0))));
    } else if (st == CV_OK) {
        st = cv_prove_from(c, a->from, &proof, &note, &ui->err);
        st = CV_THEN(st, from_text(a->from, &proof, &note, &text));
    }
    st = CV_THEN(st, cv_ui_write_file(ui, a->output != NULL ? a->output : "-", cv_buf_view(&text)));
    cv_json_free(list);
    cv_buf_free(&proof);
    cv_buf_free(&note);
    cv_buf_free(&text);
    cv_custody_close(c);
    return st;
}

/* check_note(ui, bytes, vkey, head): signed by the key that was given; the name stands in it. */
static cv_status check_note(struct cv_ui *ui, struct cv_bytes bytes, const char *vkey,
                            struct cv_checkpoint *head)
{
    struct cv_note note = { 0 };
    struct cv_note_key key;
    cv_status st = cv_note_parse(bytes, &note, &ui->err);
    st = CV_THEN(st, cv_checkpoint_parse(note.text, head, &ui->err));
    if (st == CV_OK && (cv_note_vkey_parse(cv_bytes_str(vkey), CV_NOTE_TYPE_ED25519, &key, NULL) != CV_OK ||
                        strcmp(key.name, head->origin) != 0))
        st = cv_fail(&ui->err, CV_ERR_AUTH, "it is of the log %.100s, not of that of the key you named",
                     head->origin);
    if (st == CV_OK && cv_note_verify(&note, key.name, key.public) != CV_OK)
        st = cv_fail(&ui->err, CV_ERR_AUTH, "its checkpoint is not signed by the log");
    cv_note_free(&note);
    return st;
}

static cv_status check_entry(struct cv_ui *ui, struct cv_bytes file, const char *vkey)
{
    struct cv_tlog_proof proof;
    struct cv_checkpoint head = { 0 };
    struct cv_hash leaf;
    cv_status st = cv_tlog_proof_parse(file, &proof, &ui->err);
    st = CV_THEN(st, check_note(ui, proof.note, vkey, &head));
    st = CV_THEN(st, cv_merkle_leaf(cv_buf_view(&proof.extra), &leaf));
    if (st == CV_OK && cv_merkle_verify_inclusion(proof.index, head.size, &leaf, cv_buf_view(&proof.hashes),
                                                  &head.root) != CV_OK)
        st = cv_fail(&ui->err, CV_ERR_AUTH, "the proof does not lead to its checkpoint");
    if (st == CV_OK) {
        cv_print_n(stdout, head.size,
                   "Entry %" PRIu64 " stands in the log of %" PRIu64 " entry. The log holds of it:\n",
                   "Entry %" PRIu64 " stands in the log of %" PRIu64 " entries. The log holds of it:\n",
                   proof.index, head.size);
        cv_ui_print_text(cv_buf_view(&proof.extra));
    }
    cv_tlog_proof_free(&proof);
    return st;
}

static cv_status check(struct cv_ui *ui, const struct args *a)
{
    struct cv_buf file = { 0 };
    if (a->log_key == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "of which log? Add --log-key VKEY, as `audit head` prints it");
    cv_status st = cv_ui_read_file(ui, a->check, FILE_MAX, &file);
    st = CV_THEN(st, check_entry(ui, cv_buf_view(&file), a->log_key));
    cv_buf_free(&file);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    if ((a->entry != NULL) + (a->from > 0) + (a->check != NULL) != 1)
        return cv_fail(&ui->err, CV_ERR_ARG, "wanted: one of --entry N, --from SIZE and --check FILE");
    return a->check != NULL ? check(ui, a) : make(ui, a);
}

const struct cv_cmd cv_cmd_audit_prove = {
    .name = "audit prove",
    .synopsis = "--entry N | --from SIZE | --check FILE --log-key VKEY",
    .summary = "prove to anybody that an entry stands in the log, or that it goes on from an older head",
    .details = "A proof of an entry is a c2sp.org/tlog-proof; one between heads is what a witness takes "
               "(c2sp.org/tlog-witness). Neither tells more of an entry than its kind and digest.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .run = run,
};
