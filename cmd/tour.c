#include "cmd/tour.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* demo tour: one exercise after another, each shown with the commands to type, and left when it was done. */

#define ALL "all"

struct args {
    const char *role;
    bool list, again;
};
static const struct cv_opt opts[] = {
    { "role", 0, "ROLE",
      "only the exercises of intake, protection, legal, auditor, custodian or partner, and what they rest "
      "on; "
      "`all` again",
      offsetof(struct args, role), CV_OPT_TEXT },
    { "list", 'l', NULL, "list the exercises, and which are done", offsetof(struct args, list), CV_OPT_FLAG },
    { "again", 0, NULL, "from the beginning", offsetof(struct args, again), CV_OPT_FLAG },
    { 0 },
};

/* ---- where it is ---- */

static bool is_demo(const char *dir)
{
    char path[4200];
    struct stat info;
    snprintf(path, sizeof(path), "%s/vault/archive", dir);
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return false;
    snprintf(path, sizeof(path), "%s/founder.identity", dir);
    return stat(path, &info) == 0;
}

/* find_demo(t, word): the directory that was named; or this one, or what it lies in; or where the vault is.
 */
static cv_status find_demo(struct cv_tour *t, const char *word)
{
    if (snprintf(t->dir, sizeof(t->dir), "%s", word != NULL ? word : ".") >= (int)sizeof(t->dir))
        return cv_fail(&t->ui.err, CV_ERR_LIMIT, "%.200s: path too long", word);
    if (is_demo(t->dir))
        return CV_OK;
    struct cv_ui quiet = t->ui; /* that there is no vault either tells less */
    cv_status st = word == NULL ? cv_ui_vault_path(&quiet, t->dir) : CV_ERR_NOVAULT;
    if (st == CV_OK && strlen(t->dir) + 4 < sizeof(t->dir)) {
        strcat(t->dir, "/..");
        if (is_demo(t->dir))
            return CV_OK;
    }
    t->ui.hint = "casevault demo DIR makes one; then: casevault demo tour DIR";
    return cv_fail(&t->ui.err, CV_ERR_NOVAULT, "%.200s: no demonstration is here",
                   word != NULL ? word : "this directory");
}

/* open_demo(t): as the founder, who reads everything, the log too. */
static cv_status open_demo(struct cv_tour *t)
{
    snprintf(t->identity, sizeof(t->identity), "%s/founder.identity", t->dir);
    snprintf(t->passphrase, sizeof(t->passphrase), "%s/passphrase", t->dir);
    snprintf(t->vault, sizeof(t->vault), "%s/vault", t->dir);
    t->ui.identity = t->identity;
    t->ui.passphrase_file = t->passphrase;
    t->ui.passphrase_fd = CV_NO_FD;
    t->ui.vault = t->vault;
    cv_status st = cv_ui_open(&t->ui, &t->o);
    if (st == CV_OK && !cv_vault_policy(t->o.vault)->training)
        st = cv_fail(&t->ui.err, CV_ERR_DENIED,
                     "%.200s: is a vault for real work: no exercises are done in it", t->vault);
    return CV_THEN(st, cv_tour_meet(t));
}

/* ---- which exercises ---- */

static const struct cv_tour_role *role_named(struct cv_bytes name)
{
    for (size_t i = 0; i < CV_TOUR_ROLES; i++)
        if (cv_bytes_equal(cv_bytes_str(cv_tour_roles[i].name), name))
            return &cv_tour_roles[i];
    return NULL;
}

/* wanted(t, step): is it one of the role that was chosen, or does one of those rest on it? */
static bool wanted(const struct cv_tour *t, const struct cv_tour_step *step)
{
    const struct cv_bytes role = cv_bytes_str(cv_json_get_str(t->kept, "role"));
    struct cv_bytes rest = cv_tour_text();
    struct cv_tour_step other;
    bool found = role.n == 0;
    while (!found && cv_tour_next(&rest, &other))
        found = cv_bytes_equal(other.role, role) && cv_tour_leads(&other, step->name);
    return found;
}

struct count {
    size_t done, of;
};
/* present(t, step, n): the first that is not done; false if all are. */
static bool present(const struct cv_tour *t, struct cv_tour_step *step, struct count *n)
{
    struct cv_bytes rest = cv_tour_text();
    struct cv_tour_step one;
    bool found = false;
    *n = (struct count){ 0 };
    while (cv_tour_next(&rest, &one)) {
        if (!wanted(t, &one))
            continue;
        const bool done = cv_tour_done(t, one.name);
        n->of++;
        n->done += done;
        if (!done && !found) {
            *step = one;
            found = true;
        }
    }
    return found;
}

static cv_status choose(struct cv_tour *t, const char *role)
{
    if (role == NULL)
        return CV_OK;
    if (strcmp(role, ALL) != 0 && role_named(cv_bytes_str(role)) == NULL)
        return cv_fail(
            &t->ui.err, CV_ERR_ARG,
            "--role: nobody is called %.32s; intake, protection, legal, auditor, custodian, partner or all",
            role);
    return cv_json_set(t->kept, "role", cv_json_str(strcmp(role, ALL) == 0 ? "" : role));
}

/* ---- showing ---- */

#define SAID_BYTES 4096 /* of what stands in cmd/tour.txt below a title */

static void put(struct cv_bytes text)
{
    cv_ui_print_text(text);
}

/* said(text, copy): in the reader's language; ${copy} has the English. */
static struct cv_bytes said(struct cv_bytes text, char copy[static SAID_BYTES])
{
    snprintf(copy, SAID_BYTES, "%.*s", (int)text.n, (const char *)text.p);
    return cv_bytes_str(_(copy));
}

/* print_path(path): for a shell to read again. */
static void print_path(const char *path)
{
    static const char *const bare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-";
    const bool quoted = strspn(path, bare) != strlen(path);
    fputs(quoted ? "'" : "", stdout);
    for (; *path != '\0'; path++)
        if (*path == '\'')
            fputs("'\\''", stdout);
        else
            put(CV_BYTES(path, 1));
    fputs(quoted ? "'" : "", stdout);
}

static void print_beginning(const struct cv_tour *t)
{
    cv_print("\nEach exercise says what to do and why, with the commands to type: here, or in\n"
             "another terminal. Then `casevault demo tour` looks whether it was done, and\n"
             "goes on. You can stop whenever you like: it knows where you were.\n"
             "Where a passphrase is asked for, it is: only for training\n"
             "Before you begin, in each terminal:\n");
    if (strcmp(t->dir, ".") != 0) {
        printf("     cd ");
        print_path(t->dir);
        fputc('\n', stdout);
    }
    printf("     export CASEVAULT_DIR=vault\n");
}

/* print_step(t, step, n): what to do, as whom. */
static cv_status print_step(const struct cv_tour *t, const struct cv_tour_step *step, const struct count *n)
{
    const struct cv_tour_role *role = role_named(step->role);
    bool as = role == NULL || !role->member; /* who it is has been said, or does not matter */
    char copy[SAID_BYTES];
    struct cv_buf text = { 0 };
    cv_status st = cv_tour_expand(t, said(step->body, copy), &text);
    cv_print("\nExercise %zu of %zu, %s: ", n->done + 1, n->of, role != NULL ? _(role->title) : "");
    put(said(step->title, copy));
    printf("\n\n");
    for (struct cv_bytes rest = cv_buf_view(&text); rest.n > 0;) {
        const struct cv_bytes line = cv_tour_line(&rest);
        if (!as && line.n > 0 && line.p[0] == ' ')
            printf("     export CASEVAULT_IDENTITY=%s.identity\n", role->name);
        as = as || (line.n > 0 && line.p[0] == ' ');
        put(line);
        fputc('\n', stdout);
    }
    cv_print("\nThen: casevault demo tour\n");
    cv_buf_free(&text);
    return st;
}

/* answer(t, step, n, missing): the same for machines; ${step} is NULL when all was done. */
static cv_status answer(const struct cv_tour *t, const struct cv_tour_step *step, const struct count *n,
                        const char *missing)
{
    struct cv_json *o = cv_json_object();
    struct cv_buf text = { 0 };
    cv_status st = cv_json_set(o, "done", cv_json_int((int64_t)n->done));
    st = CV_THEN(st, cv_json_set(o, "of", cv_json_int((int64_t)n->of)));
    if (step != NULL) {
        st = CV_THEN(st, cv_tour_expand(t, step->body, &text));
        st = CV_THEN(st, cv_json_set(o, "exercise", cv_json_strn(step->name)));
        st = CV_THEN(st, cv_json_set(o, "role", cv_json_strn(step->role)));
        st = CV_THEN(st, cv_json_set(o, "title", cv_json_strn(step->title)));
        st = CV_THEN(st, cv_json_set(o, "text", cv_json_strn(cv_buf_view(&text))));
    }
    if (missing != NULL)
        st = CV_THEN(st, cv_json_set(o, "missing", cv_json_str(missing)));
    st = CV_THEN(st, cv_ui_answer(&t->ui, o));
    cv_buf_free(&text);
    cv_json_free(o);
    return st;
}

static cv_status list_line(const struct cv_tour *t, const struct cv_tour_step *step, bool next)
{
    const bool done = cv_tour_done(t, step->name);
    char copy[SAID_BYTES];
    struct cv_json *o = NULL;
    cv_status st = CV_OK;
    if (!t->ui.json) {
        cv_print("%-5s %-10.*s ",
                 done   ? _("done")
                 : next ? _("next")
                        : "",
                 (int)step->role.n, (const char *)step->role.p);
        put(said(step->title, copy));
        fputc('\n', stdout);
        return CV_OK;
    }
    o = cv_json_object();
    st = cv_json_set(o, "exercise", cv_json_strn(step->name));
    st = CV_THEN(st, cv_json_set(o, "role", cv_json_strn(step->role)));
    st = CV_THEN(st, cv_json_set(o, "title", cv_json_strn(step->title)));
    st = CV_THEN(st, cv_json_set(o, "done", cv_json_bool(done)));
    st = CV_THEN(st, cv_ui_answer(&t->ui, o));
    cv_json_free(o);
    return st;
}

static cv_status list(const struct cv_tour *t)
{
    struct cv_bytes rest = cv_tour_text();
    struct cv_tour_step step, next = { 0 };
    struct count n;
    cv_status st = CV_OK;
    (void)present(t, &next, &n);
    while (st == CV_OK && cv_tour_next(&rest, &step))
        if (wanted(t, &step))
            st = list_line(t, &step, step.name.p == next.name.p);
    if (!t->ui.json)
        cv_print_n(stdout, n.of, "%zu of %zu is done.\n", "%zu of %zu are done.\n", n.done, n.of);
    return st;
}

static cv_status print_end(const struct cv_tour *t, const struct count *n)
{
    const char *role = cv_json_get_str(t->kept, "role");
    if (t->ui.json)
        return answer(t, NULL, n, NULL);
    cv_print_n(stdout, n->of, "\nThat was all: %zu of %zu exercise is done.",
               "\nThat was all: %zu of %zu exercises are done.", n->done, n->of);
    if (role[0] != '\0')
        cv_print(" Those of the others: casevault demo tour --role all");
    cv_print("\nOnce more: casevault demo tour --again. When nobody needs it any more, remove\n"
             "the whole directory: nothing real is in it.\n");
    return CV_OK;
}

/* ---- going on ---- */

static bool was_shown(const struct cv_tour *t, const struct cv_tour_step *step)
{
    return cv_bytes_equal(cv_bytes_str(cv_json_get_str(t->kept, "shown")), step->name);
}

/* show(t, step, n, missing): it is the one at hand now. */
static cv_status show(struct cv_tour *t, const struct cv_tour_step *step, const struct count *n,
                      const char *missing)
{
    cv_status st = was_shown(t, step) ? CV_OK : cv_tour_show(t, step->name);
    st = CV_THEN(st, cv_tour_save(t));
    return CV_THEN(st, t->ui.json ? answer(t, step, n, missing) : print_step(t, step, n));
}

/* go_on(t): what was shown is looked at; the next is shown. */
static cv_status go_on(struct cv_tour *t)
{
    struct cv_tour_step step = { 0 };
    struct count n;
    char copy[SAID_BYTES];
    uint64_t entry = 0;
    bool met = false, looked = false;
    cv_status st = CV_OK;
    while (present(t, &step, &n)) {
        if (!was_shown(t, &step))
            return show(t, &step, &n, NULL);
        st = looked ? CV_OK : cv_tour_look(t);
        st = CV_THEN(st, cv_tour_check(t, &step, &entry, &met));
        looked = true;
        if (st != CV_OK)
            return st;
        if (!met) {
            t->ui.hint = ""; /* the exercise says it */
            st = show(t, &step, &n, t->why);
            return CV_THEN(st, cv_fail(&t->ui.err, CV_ERR_NOTFOUND, "not done yet: %s", t->why));
        }
        st = cv_tour_keep(t, step.name, entry);
        st = CV_THEN(st, cv_tour_save(t));
        if (st != CV_OK)
            return st;
        if (!t->ui.json) {
            cv_print("Done: ");
            put(said(step.title, copy));
            fputc('\n', stdout);
        }
    }
    return print_end(t, &n);
}

static cv_status tour(struct cv_tour *t, const struct args *a)
{
    cv_status st = a->again ? CV_OK : cv_tour_load(t);
    if (st == CV_OK && t->kept == NULL) {
        st = cv_tour_begin(t);
        if (!t->ui.json && !a->list)
            print_beginning(t);
    }
    st = CV_THEN(st, choose(t, a->role));
    if (st != CV_OK || a->list)
        return CV_THEN(st, list(t));
    return go_on(t);
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    struct cv_tour t = { .ui = *ui };
    cv_status st = find_demo(&t, ui->words.w[0]);
    st = CV_THEN(st, open_demo(&t));
    st = CV_THEN(st, tour(&t, args));
    cv_json_free(t.kept);
    cv_json_free(t.people);
    cv_json_free(t.given);
    cv_json_free(t.events);
    cv_ui_close(&t.o);
    ui->err = t.ui.err;
    ui->hint = t.ui.hint;
    ui->training = t.ui.training;
    return st;
}

const struct cv_cmd cv_cmd_demo_tour = {
    .name = "demo tour",
    .synopsis = "[--role ROLE] [--list] [--again] [DIR]",
    .summary = "exercises in a TRAINING vault, that look for themselves whether they were done",
    .details =
        "In or beside what `casevault demo DIR` made: shows an exercise and the commands to type; called "
        "again, it looks in the vault and in its log whether it was done, says what is missing, and goes "
        "on. Exit status 1 while what was shown is not done. Where you are is kept in the file `tour` "
        "beside the vault. For who teaches: docs/TRAINING.md.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = 1,
    .run = run,
};
