#ifndef CV_CMD_CMD_H
#define CV_CMD_CMD_H

#include <stdarg.h>
#include <stdio.h>

#include "formats/locale.h"
#include "formats/words.h"
#include "vault/change.h"
#include "vault/vault.h"

/* A command: a table of options, what it wants besides, and its run. Dispatch, usage and help come from
 * these. */
enum cv_opt_kind {
    CV_OPT_FLAG,   /* bool */
    CV_OPT_TEXT,   /* const char * */
    CV_OPT_NUMBER, /* uint64_t, from 0 */
    CV_OPT_COUNT,  /* uint64_t, from 1; 0 if it was not given */
    CV_OPT_LIST    /* struct cv_words, each use adds one */
};

#define CV_WORDS_MAX 256
struct cv_words {
    const char *w[CV_WORDS_MAX + 1]; /* NULL-terminated */
    size_t n;
};

struct cv_opt {
    const char *name;
    char letter;       /* 0: none */
    const char *value; /* what --help calls it; NULL for a flag */
    const char *help;
    size_t offset;
    enum cv_opt_kind kind;
};

/* What every command gets: the global options. */
struct cv_ui {
    const char *vault, *identity, *trust, *passphrase_file;
    uint64_t passphrase_fd; /* CV_NO_FD: none */
    bool json, quiet, no_color, no_pager, help;
    bool training;         /* the vault at hand is one for training: every answer says so */
    struct cv_words words; /* what is not an option */
    struct cv_err err;     /* what went wrong; main prints it */
    bool wrong_passphrase;
    bool by_agent;    /* an agent holds the identity */
    const char *hint; /* printed apart from the error, translated; a literal; "": none is wanted */
};
#define CV_NO_FD UINT64_MAX
#define CV_IDENTITY_FILE_MAX 65536

struct cv_cmd {
    const char *name;     /* "record add" */
    const char *synopsis; /* what follows the name */
    const char *summary;  /* one line */
    const char *details;  /* some more lines for --help; NULL */
    const struct cv_opt *opts;
    size_t args_bytes; /* of the struct that opts fill, at most CV_ARGS_MAX */
    size_t words_min, words_max;
    cv_status (*run)(struct cv_ui *ui, const void *args);
};
#define CV_ARGS_MAX 16384

/* What the program exits with. */
enum cv_exit {
    CV_EXIT_DONE = 0,
    CV_EXIT_FAILED = 1,
    CV_EXIT_USAGE = 2,
    CV_EXIT_NO_VAULT = 10,
    CV_EXIT_LOCKED = 11,
    CV_EXIT_PASSPHRASE = 12,
    CV_EXIT_DENIED = 13,
    CV_EXIT_DAMAGE = 14,
    CV_EXIT_CONSENT = 15
};

extern const struct cv_cmd *const cv_cmds[];
extern const struct cv_opt cv_global_opts[];

/** cv_opts_parse(cmd, argc, argv, ui, args): CV_OK; CV_ERR_ARG with ui->err telling which. */
CV_MUST_CHECK cv_status cv_opts_parse(const struct cv_cmd *cmd, int argc, char **argv, struct cv_ui *ui,
                                      void *args);
#define CV_NO_MEMORY N_("there was not memory enough; try again when other programs are closed")

/** cv_cmd_help(cmd): its help, on stdout, as wide as the terminal. */
void cv_cmd_help(const struct cv_cmd *cmd);
/** cv_main(argc, argv): all of the program but the process's own setup; what it returns is the exit status.
 */
int cv_main(int argc, char **argv);

/* ---- ui.c, passphrase.c: files, passphrases, opening ---- */

/** cv_ui_read_file(ui, path, max, out): a whole file, or stdin for "-". CV_OK; CV_ERR_IO; CV_ERR_LIMIT. */
CV_MUST_CHECK cv_status cv_ui_read_file(struct cv_ui *ui, const char *path, size_t max, struct cv_buf *out);
/** cv_ui_write_file(ui, path, bytes): a new file (0600), durable; stdout for "-". CV_ERR_EXISTS if it is
 * there. */
CV_MUST_CHECK cv_status cv_ui_write_file(struct cv_ui *ui, const char *path, struct cv_bytes bytes);
/** cv_ui_replace_file(ui, path, bytes): the same in place of an old one, by renaming. */
CV_MUST_CHECK cv_status cv_ui_replace_file(struct cv_ui *ui, const char *path, struct cv_bytes bytes);

/** cv_ui_passphrase(ui, prompt, fresh, out): from --passphrase-fd, --passphrase-file or the terminal; a fresh
 * one twice, and CV_ERR_ARG if it is too easy to guess. */
CV_MUST_CHECK cv_status cv_ui_passphrase(struct cv_ui *ui, const char *prompt, bool fresh,
                                         struct cv_secret *out);

/** cv_ui_ask(ui, question, answer): a line typed on the terminal; CV_ERR_DENIED if there is none to ask at.
 */
#define CV_ANSWER_BYTES 256
CV_MUST_CHECK cv_status cv_ui_ask(struct cv_ui *ui, const char *question,
                                  char answer[static CV_ANSWER_BYTES]);
/** cv_ui_confirm(ui, question, want): ask on the terminal; CV_ERR_DENIED unless ${want} was typed. */
CV_MUST_CHECK cv_status cv_ui_confirm(struct cv_ui *ui, const char *question, const char *want);

/** cv_ui_open_keys(ui, path, open_keys, out): open a file of keys with its passphrase. A wrong one sets
 * ui->wrong_passphrase, and after some makes the next try wait. */
typedef cv_status (*cv_open_keys_fn)(struct cv_bytes file, struct cv_bytes passphrase, void *out,
                                     struct cv_err *err);
CV_MUST_CHECK cv_status cv_ui_open_keys(struct cv_ui *ui, const char *path, cv_open_keys_fn open_keys,
                                        void *out);
/** cv_ui_private(ui, out): the same with the identity file. */
CV_MUST_CHECK cv_status cv_ui_private(struct cv_ui *ui, struct cv_identity *out);
/** cv_ui_identity(ui, out): as an unlocked agent holds it; else, or where a passphrase is given, by
 * cv_ui_private. */
CV_MUST_CHECK cv_status cv_ui_identity(struct cv_ui *ui, struct cv_identity *out);
/** cv_ui_agent_gone(ui): after a failure: where the agent that held the identity answers no more, a hint says
 * so. */
void cv_ui_agent_gone(struct cv_ui *ui);
/** cv_ui_next(ui, st): what to do next after ${st}: what was set as a hint, else what is right for all such
 * failures; NULL where the error says it. */
const char *cv_ui_next(const struct cv_ui *ui, cv_status st);
/** cv_ui_agent_path(ui, out): the socket of the agent for this identity file; ${out} holds CV_AGENT_PATH_MAX.
 */
CV_MUST_CHECK cv_status cv_ui_agent_path(struct cv_ui *ui, char *out);
/** cv_ui_identity_path(ui): --identity or CASEVAULT_IDENTITY, else NULL with an error. */
CV_MUST_CHECK cv_status cv_ui_identity_path(struct cv_ui *ui, const char **out);
/** cv_ui_vault_path(ui, out): --vault, CASEVAULT_DIR, or the nearest parent directory that is a vault. */
CV_MUST_CHECK cv_status cv_ui_vault_path(struct cv_ui *ui, char out[static 4096]);

/** cv_ui_open_log(ui, out): the archive, verified from where this user last looked, with no key in hand. */
CV_MUST_CHECK cv_status cv_ui_open_log(struct cv_ui *ui, struct cv_custody **out);

/** A command's opened vault. */
struct cv_opened {
    struct cv_identity id;
    struct cv_vault *vault;
};
/** cv_ui_open(ui, out): identity, vault, and the TRAINING line where it is one. End with cv_ui_close. */
CV_MUST_CHECK cv_status cv_ui_open(struct cv_ui *ui, struct cv_opened *out);
void cv_ui_close(struct cv_opened *o);

/** cv_ui_outcome(ui, outcome, done): say that an act is done, in these words, or how it waits for others. */
CV_MUST_CHECK cv_status cv_ui_outcome(struct cv_ui *ui, const struct cv_outcome *outcome, const char *done);
/** cv_ui_could_read(ui, v, who, roles): say what somebody who loses these roles may have read. */
CV_MUST_CHECK cv_status cv_ui_could_read(struct cv_ui *ui, const struct cv_vault *v, const char *who,
                                         cv_roles roles);
/** cv_ui_member_names(ui, v, reason, out): for who reads the log: as cv_staff_names; NULL to others, and
 * where the vault asks for a reason and there is none. */
CV_MUST_CHECK cv_status cv_ui_member_names(struct cv_ui *ui, struct cv_vault *v, const char *reason,
                                           struct cv_json **out);
#define CV_ROLE_WORDS (64 * 35) /* bytes for the names of a set of roles */

/** cv_ui_choice(ui, t, type, section, field, word): ${word} is NULL or one of the field's choices, as far as
 * the template has such a field; else CV_ERR_FORMAT, as the template would say, but naming the choices. */
CV_MUST_CHECK cv_status cv_ui_choice(struct cv_ui *ui, const struct cv_template *t, const char *type,
                                     const char *section, const char *field, const char *word);

/** cv_ui_training(ui, training): say TRAINING, if it is, now and in every answer in JSON. */
void cv_ui_training(struct cv_ui *ui, bool training);
/** cv_ui_unread(count, not_done): say on stderr, with --quiet too, that so many records could not be read and
 * are ${not_done}, if there are any; after what stdout was given so far. */
enum cv_unread { CV_UI_LEFT_OUT /* if of this case */, CV_UI_NOT_SEARCHED };
void cv_ui_unread(size_t count, enum cv_unread not_done);
/** cv_ui_say(ui, fmt, ...): a line to stderr, as cv_print, unless --quiet; after what stdout was given so
 * far; on a terminal its words stay whole. */
__attribute__((format(printf, 2, 3))) void cv_ui_say(const struct cv_ui *ui, const char *fmt, ...);
/** cv_ui_say_n(ui, n, one, many, ...): the same, as cv_print_n. */
__attribute__((format(printf, 3, 5), format(printf, 4, 5))) void
cv_ui_say_n(const struct cv_ui *ui, uint64_t n, const char *one, const char *many, ...);
/** cv_ui_print_text(text): to stdout, control and bidirectional characters made visible as U+FFFD; LF and TAB
 * pass. */
void cv_ui_print_text(struct cv_bytes text);
/** cv_ui_put_text(f, text): the same, to ${f}. */
void cv_ui_put_text(FILE *f, struct cv_bytes text);
/** cv_ui_print_json(v): one line on stdout. */
CV_MUST_CHECK cv_status cv_ui_print_json(const struct cv_json *v);
/** cv_ui_answer(ui, o): an answer in JSON: one line on stdout, with "training":true where the vault is one.
 */
CV_MUST_CHECK cv_status cv_ui_answer(const struct cv_ui *ui, struct cv_json *o);
/** cv_ui_stored(ui, id, version): the answer of what stores a version of a record. */
CV_MUST_CHECK cv_status cv_ui_stored(const struct cv_ui *ui, const char *id, uint64_t version);
/* ---- screen.c ---- */

/** cv_ui_width(): the columns of the terminal that stdout is, or that a pager stands before; 0 if it is none:
 * then lines are as long as they are. */
size_t cv_ui_width(void);
/** cv_ui_said_width(): the same of stderr. */
size_t cv_ui_said_width(void);
/** cv_ui_page(ui): what is printed from now on, by whichever way, is shown page by page, where somebody sits
 * at a terminal and `less` is there: on the screen that it puts away at the end, with no history kept, and
 * unable to write a file or to start a program. Else nothing happens. cv_main ends it. */
void cv_ui_page(const struct cv_ui *ui);
/** cv_ui_page_end(): wait until it was read; what was not read goes nowhere. */
void cv_ui_page_end(void);

/** cv_ui_progress(ui, what, done, total): on a terminal, now and then, in a line that is taken away again;
 * the last call has done == total. */
void cv_ui_progress(const struct cv_ui *ui, const char *what, uint64_t done, uint64_t total);
/** cv_ui_progress_clear(): take that line away, before something else is shown. */
void cv_ui_progress_clear(void);

/* ---- locale.c: our own words, and names, where the reader is (dates and numbers: formats/locale.h) ---- */

/** cv_locale_open(argc, argv): what the environment asks for; with --json among the words, nothing of it. */
void cv_locale_open(int argc, char **argv);
/** cv_print(fmt, ...): on stdout, in the reader's language (formats/words.h); ${fmt} is the English. A number
 * with the flag ' has its digits in groups. */
__attribute__((format(printf, 1, 2))) void cv_print(const char *fmt, ...);
/** cv_print_to(f, fmt, ...): the same on ${f}. */
__attribute__((format(printf, 2, 3))) void cv_print_to(FILE *f, const char *fmt, ...);
/** cv_print_n(f, n, one, many, ...): the same in the form that goes with ${n}. */
__attribute__((format(printf, 3, 5), format(printf, 4, 5))) void
cv_print_n(FILE *f, uint64_t n, const char *one, const char *many, ...);
/** cv_print_v(f, fmt, ap): what is translated already. */
__attribute__((format(printf, 2, 0))) void cv_print_v(FILE *f, const char *fmt, va_list ap);

/** cv_locale_compare(a, b): names in the order of the reader's alphabet, as strcmp. */
int cv_locale_compare(const char *a, const char *b);
/** cv_locale_answer(line, yes): is it an answer at all: yes or no, or the first letter, in English or the
 * reader's language? */
bool cv_locale_answer(struct cv_bytes line, bool *yes);
/** cv_locale_yes(line): yes, in full, in English or the reader's language. */
bool cv_locale_yes(const char *line);

/* ---- text.c: what people wrote, on the screen ---- */

/** cv_text_print(text, column, indent): text on stdout, from ${column} on, and a LF. On a terminal it is
 * wrapped; whatever line follows the first, paragraphs included, begins at ${indent}, so that nothing in a
 * record looks like a line of casevault's own. Control and bidirectional characters become U+FFFD. */
void cv_text_print(struct cv_bytes text, size_t column, size_t indent);
/** cv_text_wrap(text, width): blanks become ends of lines, so that none is wider; 0: however wide. A word
 * that no line can hold (a path) stays whole. */
void cv_text_wrap(char *text, size_t width);
/** cv_text_label(indent, label): "  Label:" on stdout, translated, and nothing after it; the column where it
 * ends. */
size_t cv_text_label(size_t indent, const char *label);
/** cv_text_lead(fmt, ...): the beginning of a line on stdout, as cv_print; the column where it ends. */
__attribute__((format(printf, 1, 2))) size_t cv_text_lead(const char *fmt, ...);
/** cv_text_pad(text, width): on stdout, with blanks up to that many columns; how many there are. */
size_t cv_text_pad(const char *text, size_t width);
/** cv_text_value(v, column, indent): a plain value, or a list of them with semicolons, after what stands up
 * to
 * ${column}; as cv_text_print. */
void cv_text_value(const struct cv_json *v, size_t column, size_t indent);

/** A table on stdout: add cells row by row, then print with columns as wide as they need; on a terminal,
 * cells that do not fit go on in the next line. */
#define CV_TABLE_COLUMNS_MAX 16
struct cv_table {
    struct cv_buf cells; /* NUL-terminated, one after another */
    size_t columns, count;
    size_t width[CV_TABLE_COLUMNS_MAX]; /* of what was printed already */
};
void cv_table_cell(struct cv_table *t, const char *text);
void cv_table_print(struct cv_table *t);
/** cv_table_flow(t): after a row: a table that grew long is printed so far, and the rows that follow go on in
 * its columns: so it need not be held. */
void cv_table_flow(struct cv_table *t);

#endif
