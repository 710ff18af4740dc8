#include "cmd/help.h"

#include <string.h>

#include "cmd/cmd.h"
#include "formats/fold.h"

/* help: what to do when something happens, in the order in which it is done. */

#define NAME_COLUMN 20
#define PART_BYTES 4096 /* of a paragraph */

/* A task: `# name: title`, and the lines up to the next one. */
struct task {
    struct cv_bytes name, title, body;
};

static struct cv_bytes line_of(struct cv_bytes *rest)
{
    const uint8_t *end = memchr(rest->p, '\n', rest->n);
    const size_t n = end != NULL ? (size_t)(end - rest->p) : rest->n;
    const struct cv_bytes line = CV_BYTES(rest->p, n);
    *rest = CV_BYTES(rest->p + n + (end != NULL), rest->n - n - (end != NULL));
    return line;
}

static bool is_title(struct cv_bytes text)
{
    return text.n > 2 && text.p[0] == '#' && text.p[1] == ' ';
}

/* next(rest, task): false past the last. */
static bool next(struct cv_bytes *rest, struct task *task)
{
    if (!is_title(*rest))
        return false;
    const struct cv_bytes line = line_of(rest);
    const uint8_t *colon = memchr(line.p, ':', line.n);
    const size_t name = colon != NULL ? (size_t)(colon - line.p) : line.n;
    task->name = CV_BYTES(line.p + 2, name - 2);
    task->title = name + 2 <= line.n ? CV_BYTES(line.p + name + 2, line.n - name - 2) : CV_LIT("");
    task->body = CV_BYTES(rest->p, 0);
    while (rest->n > 0 && !is_title(*rest)) {
        (void)line_of(rest);
        task->body.n = (size_t)(rest->p - task->body.p);
    }
    return true;
}

/* said(text, copy): in the reader's language; ${copy} has the English, as far as there is room. */
static const char *said(struct cv_bytes text, char copy[static PART_BYTES])
{
    snprintf(copy, PART_BYTES, "%.*s", (int)text.n, (const char *)text.p);
    return _(copy);
}

/* put_body(text): paragraph by paragraph, which is how it is translated. */
static void put_body(struct cv_bytes text)
{
    char copy[PART_BYTES];
    while (text.n > 0) {
        const uint8_t *gap = memmem(text.p, text.n, "\n\n", 2);
        const size_t n = gap != NULL ? (size_t)(gap - text.p) : text.n - (text.p[text.n - 1] == '\n');
        fputs(said(CV_BYTES(text.p, n), copy), stdout);
        text = CV_BYTES(text.p + n, text.n - n);
        for (size_t i = 0; i < 2 && text.n > 0 && text.p[0] == '\n'; i++) {
            fputc('\n', stdout);
            text = CV_BYTES(text.p + 1, text.n - 1);
        }
    }
}

static void list(void)
{
    char copy[PART_BYTES];
    struct cv_bytes rest = cv_help_text();
    struct task t;
    cv_print("What to do, step by step: `casevault help TOPIC`, or some words of it.\n\n");
    while (next(&rest, &t)) {
        printf("  %-*.*s", NAME_COLUMN - 2, (int)t.name.n, (const char *)t.name.p);
        printf("%s\n", said(t.title, copy));
    }
    cv_print("\n`casevault --help` lists the commands; `casevault COMMAND --help` tells of one.\n");
}

/* has(text, count, words): does every word, also of those that were given in one, stand in it, folded? */
static bool has(struct cv_bytes text, int count, char **words)
{
    char all[CV_LABEL_FOLD_BYTES], word[CV_LABEL_FOLD_BYTES];
    if (!cv_label_fold(text, all))
        return false;
    for (int i = 0; i < count; i++)
        for (const char *at = words[i]; *at != '\0';) {
            const size_t n = strcspn(at, " ");
            if (n > 0 && (!cv_label_fold(CV_BYTES(at, n), word) || strstr(all, word) == NULL))
                return false;
            at += n + (at[n] == ' ');
        }
    return true;
}

/* find(count, words, out): the task of this name, or the only one that has all the words; how many have. */
static size_t find(int count, char **words, struct task *out)
{
    char copy[PART_BYTES];
    struct cv_bytes rest = cv_help_text();
    struct task t;
    size_t found = 0;
    while (next(&rest, &t)) {
        if (count == 1 && cv_bytes_equal(t.name, cv_bytes_str(words[0]))) {
            *out = t;
            return 1;
        }
        if (has(t.title, count, words) || has(t.name, count, words) ||
            has(cv_bytes_str(said(t.title, copy)), count, words)) {
            found++;
            *out = t;
        }
    }
    return found;
}

int cv_help(int argc, char **argv)
{
    char copy[PART_BYTES];
    struct task t = { 0 };
    const size_t found = argc > 0 ? find(argc, argv, &t) : 0;
    if (argc == 0) {
        list();
        return CV_EXIT_DONE;
    }
    if (found != 1) {
        cv_print_to(stderr,
                    found == 0
                        ? N_("casevault: no topic has these words; see `casevault help`\n")
                        : N_("casevault: more than one topic has these words; see `casevault help`\n"));
        return CV_EXIT_USAGE;
    }
    printf("%s\n\n", said(t.title, copy));
    put_body(t.body);
    return CV_EXIT_DONE;
}
