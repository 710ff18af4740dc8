#include "cmd/help.h"

#include <string.h>

#include "cmd/cmd.h"
#include "formats/fold.h"

/* help: what to do when something happens, in the order in which it is done. */

#define NAME_COLUMN 20

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

static void put(struct cv_bytes text)
{
    fwrite(text.p, 1, text.n, stdout);
}

static void list(void)
{
    struct cv_bytes rest = cv_help_text();
    struct task t;
    printf("What to do, step by step: `casevault help TOPIC`, or some words of it.\n\n");
    while (next(&rest, &t)) {
        printf("  %-*.*s", NAME_COLUMN - 2, (int)t.name.n, (const char *)t.name.p);
        put(t.title);
        fputc('\n', stdout);
    }
    printf("\n`casevault --help` lists the commands; `casevault COMMAND --help` tells of one.\n");
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
    struct cv_bytes rest = cv_help_text();
    struct task t;
    size_t found = 0;
    while (next(&rest, &t)) {
        if (count == 1 && cv_bytes_equal(t.name, cv_bytes_str(words[0]))) {
            *out = t;
            return 1;
        }
        if (has(t.title, count, words) || has(t.name, count, words)) {
            found++;
            *out = t;
        }
    }
    return found;
}

int cv_help(int argc, char **argv)
{
    struct task t = { 0 };
    const size_t found = argc > 0 ? find(argc, argv, &t) : 0;
    if (argc == 0) {
        list();
        return CV_EXIT_DONE;
    }
    if (found != 1) {
        fprintf(stderr, "casevault: %s topic has these words; see `casevault help`\n",
                found == 0 ? "no" : "more than one");
        return CV_EXIT_USAGE;
    }
    put(t.title);
    printf("\n\n");
    put(t.body);
    return CV_EXIT_DONE;
}
