#include "cmd/term.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "formats/utf8.h"

/* What a terminal of Linux keeps of a line while it is edited (n_tty, N_TTY_BUF_SIZE); what is typed beyond
 * it is dropped without a word, so that a line of this length may be one that was cut. */
#define LINE_MAX_BYTES 4096

bool cv_term_there(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

cv_status cv_term_open(struct cv_term *t, struct cv_err *err)
{
    cv_status st = cv_secret_alloc(&t->line, LINE_MAX_BYTES);
    return st == CV_OK ? CV_OK : cv_err_note(err, st, "the line that is typed");
}

void cv_term_close(struct cv_term *t)
{
    cv_secret_free(&t->line);
}

void cv_term_say(size_t indent, const char *text)
{
    cv_text_print(cv_bytes_str(_(text)), 0, indent);
}

/* wrong(line): why it cannot be taken; NULL if it can. */
static const char *wrong(struct cv_bytes line)
{
    if (line.n >= LINE_MAX_BYTES - 1)
        return N_(
            "That line is too long for the terminal, which may have cut it, so it was not taken. Type it "
            "in lines "
            "of at most half a page.");
    if (!cv_utf8_valid(line))
        return N_(
            "This terminal does not send UTF-8, so letters would be lost. Set its character set to UTF-8.");
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] < 0x20 && line.p[i] != '\t')
            return N_("A key in there writes nothing (the arrows do not work here; Backspace does). Type it "
                      "again.");
    return NULL;
}

static struct cv_bytes trimmed(struct cv_bytes line)
{
    while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
        line = CV_BYTES(line.p + 1, line.n - 1);
    while (line.n > 0 && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
        line.n--;
    return line;
}

/* read_line(t, line, err): what the terminal gives at one Enter, or at Ctrl-D in the middle of a line. */
static cv_status read_line(struct cv_term *t, struct cv_bytes *line, struct cv_err *err)
{
    ssize_t n;
    *line = CV_LIT("");
    do
        n = read(STDIN_FILENO, t->line.p, LINE_MAX_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return cv_fail_errno(err, "the terminal: cannot read");
    if (n == 0) {
        fputc('\n', stdout); /* the question's line is not ended by what was typed */
        return CV_ERR_NOTFOUND;
    }
    if (t->line.p[n - 1] == '\n')
        n--;
    *line = CV_BYTES(t->line.p, (size_t)n);
    return CV_OK;
}

cv_status cv_term_ask(struct cv_term *t, const char *prompt, struct cv_bytes *line, struct cv_err *err)
{
    for (;;) {
        cv_ui_print_text(cv_bytes_str(_(prompt)));
        if (fflush(stdout) != 0)
            return cv_fail_errno(err, "the terminal: cannot write");
        cv_status st = read_line(t, line, err);
        const char *why = st == CV_OK ? wrong(*line) : NULL;
        if (why == NULL) {
            *line = trimmed(*line);
            return st;
        }
        cv_term_say(4, why);
    }
}
