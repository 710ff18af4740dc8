#include <stdlib.h>
#include <string.h>

#include "cmd/form.h"

/* Long texts: lines are typed, shown by number, and changed by it. The text stays on the secure heap; a draft
 * of it is kept after each line. A line that begins with a point is for the editor. */

#define LINES_MAX 4000

struct text {
    struct cv_secret line[LINES_MAX];
    size_t count;
    size_t bytes; /* with their line ends */
    size_t at;    /* before which the next one goes */
};

static void free_text(struct text *t)
{
    for (size_t i = 0; t != NULL && i < t->count; i++)
        cv_secret_free(&t->line[i]);
    free(t);
}

static cv_status insert(struct text *t, size_t at, struct cv_bytes line)
{
    struct cv_secret made = { 0 };
    if (t->count == LINES_MAX || t->bytes + line.n > CV_TEXT_MAX_BYTES)
        return CV_ERR_LIMIT;
    /* An empty line is one byte too: a secret is never of none. */
    cv_status st = cv_secret_copy(&made, line.n > 0 ? line : CV_LIT("\n"));
    if (st != CV_OK)
        return st;
    memmove(&t->line[at + 1], &t->line[at], (t->count - at) * sizeof(t->line[0]));
    t->line[at] = made;
    t->count++;
    t->bytes += line.n + 1;
    return CV_OK;
}

static struct cv_bytes line_at(const struct text *t, size_t i)
{
    const struct cv_bytes line = cv_secret_view(&t->line[i]);
    return cv_bytes_equal(line, CV_LIT("\n")) ? CV_LIT("") : line;
}

static void drop(struct text *t, size_t at)
{
    t->bytes -= line_at(t, at).n + 1;
    cv_secret_free(&t->line[at]);
    t->count--;
    memmove(&t->line[at], &t->line[at + 1], (t->count - at) * sizeof(t->line[0]));
}

/* load(t, text): a text that is there already, by its lines. */
static cv_status load(struct text *t, struct cv_bytes text)
{
    cv_status st = CV_OK;
    for (size_t from = 0, i = 0; i <= text.n && text.n > 0 && st == CV_OK; i++)
        if (i == text.n || text.p[i] == '\n') {
            st = insert(t, t->count, CV_BYTES(text.p + from, i - from));
            from = i + 1;
        }
    t->at = t->count;
    return st;
}

/* store(f, g, field, t): into the record, and its draft. */
static cv_status store(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                       const struct text *t)
{
    struct cv_buf all = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < t->count && st == CV_OK; i++) {
        st = i > 0 ? cv_buf_str(&all, "\n") : CV_OK;
        st = CV_THEN(st, cv_buf_append(&all, line_at(t, i)));
    }
    if (st == CV_OK && all.n > 0)
        st = cv_json_set(g->data, field->name, cv_json_strn(cv_buf_view(&all)));
    else if (st == CV_OK && cv_json_get(g->data, field->name) != NULL)
        st = cv_json_del(g->data, field->name);
    cv_buf_free(&all);
    return CV_THEN(st, cv_form_keep(f));
}

static void show(const struct text *t)
{
    for (size_t i = 0; i < t->count; i++) {
        printf("%5zu ", i + 1);
        cv_text_print(line_at(t, i), 6, 7);
    }
    if (t->count == 0)
        cv_term_say(4, "Nothing is there yet.");
}

static void help(void)
{
    cv_term_say(4, "Type the text; Enter ends a line. These stand alone in a line:");
    cv_term_say(4, "    .            the text is finished");
    cv_term_say(4, "    .show        show it, with the numbers of its lines");
    cv_term_say(4, "    .change 3    type line 3 anew");
    cv_term_say(4, "    .insert 3    what follows goes before line 3, until .end");
    cv_term_say(4, "    .delete 3    take line 3 away");
    cv_term_say(4, "    .end         what follows goes to the end again");
    cv_term_say(4, "A line that shall begin with a point begins with two of them.");
}

/* numbered(line, word, t, at): is it this word with a number of a line? */
static bool numbered(struct cv_bytes line, const char *word, const struct text *t, size_t *at)
{
    const size_t n = strlen(word);
    uint64_t number = 0;
    if (line.n < n + 2 || memcmp(line.p, word, n) != 0 || line.p[n] != ' ' ||
        !cv_bytes_number(CV_BYTES(line.p + n + 1, line.n - n - 1), &number) || number < 1 ||
        number > t->count)
        return false;
    *at = (size_t)number - 1;
    return true;
}

/* change(f, t, at): line ${at} is typed anew; Enter leaves it. */
static cv_status change(struct cv_form *f, struct text *t, size_t at)
{
    struct cv_bytes line;
    cv_text_print(line_at(t, at), cv_text_lead("    Now:"), 9);
    cv_status st = cv_term_ask(&f->term, "    New: ", &line, &f->ui->err);
    if (st != CV_OK || line.n == 0 || cv_bytes_equal(line, CV_LIT(".")))
        return st;
    if (line.n > 1 && line.p[0] == '.' && line.p[1] == '.')
        line = CV_BYTES(line.p + 1, line.n - 1);
    st = insert(t, at + 1, line);
    if (st == CV_OK)
        drop(t, at);
    return st;
}

/* command(f, t, line): a line that begins with a point, and is not the end. */
static cv_status command(struct cv_form *f, struct text *t, struct cv_bytes line)
{
    size_t at = 0;
    if (cv_bytes_equal(line, CV_LIT(".show")))
        show(t);
    else if (cv_bytes_equal(line, CV_LIT(".end")))
        t->at = t->count;
    else if (numbered(line, ".change", t, &at))
        return change(f, t, at);
    else if (numbered(line, ".insert", t, &at))
        t->at = at;
    else if (numbered(line, ".delete", t, &at)) {
        drop(t, at);
        t->at -= t->at > at ? 1 : 0;
    } else
        help();
    return CV_OK;
}

/* take(f, t, line): a line of the text, or one for the editor; *end if it was the last. */
static cv_status take(struct cv_form *f, struct text *t, struct cv_bytes line, bool *end)
{
    const bool point = line.n > 0 && line.p[0] == '.', two = point && line.n > 1 && line.p[1] == '.';
    *end = point && line.n == 1;
    if (*end)
        return CV_OK;
    if (point && !two)
        return command(f, t, line);
    cv_status st = insert(t, t->at, two ? CV_BYTES(line.p + 1, line.n - 1) : line);
    t->at += st == CV_OK ? 1 : 0;
    return st;
}

/* edit(f, g, field, t): until the text is finished. */
static cv_status edit(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                      struct text *t)
{
    bool end = false;
    cv_status st = CV_OK;
    while (st == CV_OK && !end) {
        struct cv_bytes line;
        st = cv_term_ask(&f->term, "  | ", &line, &f->ui->err);
        st = CV_THEN(st, take(f, t, line, &end));
        if (st == CV_ERR_LIMIT) {
            cv_term_say(4, "The text is as long as it may be; that line was not taken.");
            st = CV_OK;
        }
        st = CV_THEN(st, store(f, g, field, t));
    }
    return st;
}

cv_status cv_form_text(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                       enum cv_way *step)
{
    const struct cv_json *present = cv_json_get(g->data, field->name);
    struct text *t = calloc(1, sizeof(*t));
    struct cv_bytes line;
    char words[512];
    cv_status st = t != NULL ? CV_OK : CV_ERR_NOMEM;
    *step = CV_STEP_ON;
    snprintf(words, sizeof(words),
             present != NULL ? _("  %s%s (long text; + changes what is there): ")
                             : _("  %s%s (long text; + begins it): "),
             _(field->label), field->required ? " *" : "");
    for (bool asking = true; asking && st == CV_OK;) {
        st = cv_term_ask(&f->term, words, &line, &f->ui->err);
        if (st != CV_OK || line.n == 0 || cv_form_sign(line, step))
            asking = false;
        else if (cv_bytes_equal(line, CV_LIT("-"))) {
            st = store(f, g, field, t); /* of no lines */
            asking = false;
        } else if (cv_bytes_equal(line, CV_LIT("+"))) {
            st = load(t, cv_json_text(present));
            if (st == CV_ERR_LIMIT) {
                cv_term_say(4, "This text has too many lines to be changed here; give it in a file: record "
                               "edit ID FILE.");
                free_text(t);
                return CV_OK;
            }
            cv_term_say(4, "A line with only . ends the text; .help tells more.");
            st = CV_THEN(st, edit(f, g, field, t));
            asking = false;
        } else
            cv_term_say(4, field->help != NULL
                               ? field->help
                               : "Type + and Enter, then the text, as many lines as you like.");
    }
    free_text(t);
    return st;
}
