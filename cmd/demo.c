#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cases.h"
#include "cmd/cmd.h"
#include "vault/event.h"
#include "vault/members.h"
#include "vault/record.h"

/* demo: a TRAINING vault with a member for every role and synthetic cases, ready to be tried. */

#define CASES_DEFAULT 200
#define SCRYPT_TRAINING 10 /* training keys protect nothing, and a demonstration opens them often */
#define PER_COMMIT 1000
static const char passphrase[] = "only for training";

struct args {
    uint64_t cases, seed;
    bool print;
};
static const struct cv_opt opts[] = {
    { "cases", 'n', "N", "how many cases (default 200)", offsetof(struct args, cases), CV_OPT_COUNT },
    { "seed", 's', "S", "another seed tells other stories", offsetof(struct args, seed), CV_OPT_NUMBER },
    { "print", 0, NULL, "only print the cases, as JSON lines, and make no vault",
      offsetof(struct args, print), CV_OPT_FLAG },
    { 0 },
};

/* The founder holds every role, because somebody must hand them on, and does no work here; each of the others
 * has the role by which the file is called. */
static const struct {
    const char *file, *name;
} people[] = {
    { "founder", "Founder (training)" },      { "custodian", "Custodian (training)" },
    { "intake", "Intake worker (training)" }, { "protection", "Protection officer (training)" },
    { "legal", "Legal officer (training)" },  { "medical", "Medical officer (training)" },
    { "analyst", "Analyst (training)" },      { "auditor", "Auditor (training)" },
};
#define PEOPLE (sizeof(people) / sizeof(people[0]))

/* A training vault being made. */
struct demo {
    struct cv_ui *ui;
    const char *dir;
    char vault[4200];
    uint64_t cases, seed;
    struct cv_identity id[PEOPLE];
};

/* print_cases(ui, a): as a protection officer of a training vault may import them; no other vault takes them.
 */
static cv_status print_cases(struct cv_ui *ui, const struct args *a)
{
    struct cv_cases *cases = NULL;
    struct cv_json *record = NULL;
    cv_status st = cv_cases_new(a->seed, a->cases > 0 ? a->cases : CASES_DEFAULT, &cases);
    while (st == CV_OK && (st = cv_cases_next(cases, "protection", &record)) == CV_OK) {
        st = cv_json_set(record, "training", cv_json_bool(true));
        st = CV_THEN(st, cv_ui_print_json(record));
        cv_json_free(record);
    }
    cv_cases_free(cases);
    return st == CV_ERR_NOTFOUND ? CV_OK : cv_err_note(&ui->err, st, "cases");
}

/* new_person(d, name, id): keys and their file. */
static cv_status new_person(struct demo *d, const char *name, struct cv_identity *id)
{
    char path[4200];
    struct cv_buf file = { 0 };
    cv_status st = cv_identity_new(true, id, &d->ui->err);
    st = CV_THEN(st, cv_identity_seal(id, cv_bytes_str(passphrase), SCRYPT_TRAINING, &file, &d->ui->err));
    snprintf(path, sizeof(path), "%s/%s.identity", d->dir, name);
    st = CV_THEN(st, cv_ui_write_file(d->ui, path, cv_buf_view(&file)));
    cv_buf_free(&file);
    return st;
}

/* new_partner(d): somebody outside of the vault, whom a package can go to. */
static cv_status new_partner(struct demo *d)
{
    struct cv_identity id = { 0 };
    cv_status st = new_person(d, "partner", &id);
    cv_identity_free(&id);
    return st;
}

/* list_person(d, v, i): the name in the directory. */
static cv_status list_person(struct demo *d, struct cv_vault *v, size_t i)
{
    struct cv_json *record = cv_json_object(), *o = cv_json_object();
    struct cv_stored stored;
    cv_status st = cv_json_set(o, "name", cv_json_str(people[i].name));
    st = CV_THEN(st, cv_json_set(o, "pseudonym", cv_json_str(d->id[i].public.pseudonym)));
    st = CV_THEN(st, cv_json_set(record, "type", cv_json_str("staff")));
    st = CV_THEN(st, cv_json_set(record, "directory", cv_json_ref(o)));
    st = CV_THEN(st, cv_record_add(v, record, NULL, &stored, &d->ui->err));
    cv_json_free(o);
    cv_json_free(record);
    return st;
}

/* found(d): the vault and all its members. */
static cv_status found(struct demo *d)
{
    const struct cv_event event = { .action = "init", .detail = "a training vault was founded" };
    struct cv_err *err = &d->ui->err;
    struct cv_vault *v = NULL;
    struct cv_outcome outcome;
    cv_status st = new_person(d, people[0].file, &d->id[0]);
    st = CV_THEN(st, cv_vault_init(d->vault, cv_template_default_text(), &d->id[0], err));
    st = CV_THEN(st, cv_vault_open(d->vault, NULL, &d->id[0], &v, err));
    st = CV_THEN(st, cv_event_log(v, &event, err));
    for (size_t i = 0; i < PEOPLE && st == CV_OK; i++) {
        const char *const roles[] = { people[i].file, NULL };
        if (i > 0) {
            st = new_person(d, people[i].file, &d->id[i]);
            st = CV_THEN(st, cv_members_add(v, &d->id[i].public, roles, &outcome, err));
        }
        st = CV_THEN(st, list_person(d, v, i));
    }
    cv_vault_close(v);
    return st;
}

/* import_some(ui, v, cases, role, ended): one commit, with the event that names what is in it. */
static cv_status import_some(struct cv_ui *ui, struct cv_vault *v, struct cv_cases *cases, const char *role,
                             bool *ended)
{
    struct cv_json *ids = cv_json_array(), *record = NULL;
    struct cv_stored stored;
    cv_status st = cv_vault_begin(v, &ui->err);
    const bool begun = st == CV_OK;
    while (st == CV_OK && !*ended && cv_json_len(ids) < PER_COMMIT) {
        st = cv_cases_next(cases, role, &record);
        *ended = st == CV_ERR_NOTFOUND;
        if (*ended)
            st = CV_OK;
        else {
            st = CV_THEN(st, cv_record_put(v, record, &stored, &ui->err));
            st = CV_THEN(st, cv_json_push(ids, cv_json_str(stored.id)));
            cv_json_free(record);
        }
    }
    const struct cv_event event = { .action = "import", .ids = ids, .detail = "synthetic cases" };
    if (st == CV_OK && cv_json_len(ids) > 0) {
        st = cv_event_add(v, &event, &ui->err);
        st = CV_THEN(st, cv_vault_commit(v, &ui->err));
    }
    if (begun)
        cv_vault_abort(v); /* whatever was not committed */
    cv_json_free(ids);
    return st;
}

/* import_cases(ui, v, cases, role): the cases, as an import of them would store them. */
static cv_status import_cases(struct cv_ui *ui, struct cv_vault *v, struct cv_cases *cases, const char *role)
{
    cv_status st = CV_OK;
    bool ended = false;
    while (st == CV_OK && !ended)
        st = import_some(ui, v, cases, role, &ended);
    return st;
}

/* add_sections(ui, v, cases, role): what ${role} alone may write, as new versions. */
static cv_status add_sections(struct cv_ui *ui, struct cv_vault *v, struct cv_cases *cases, const char *role)
{
    struct cv_json *record = NULL;
    struct cv_stored stored;
    cv_status st = CV_OK;
    while (st == CV_OK && (st = cv_cases_next(cases, role, &record)) == CV_OK) {
        st = cv_record_edit(v, cv_json_get_str(record, "id"), &(struct cv_edit){ .sections = record }, NULL,
                            &stored, &ui->err);
        cv_json_free(record);
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* write_as(d, role, write): open the vault as the member with that role, and let ${write} go through all that
 * was made up. */
static cv_status write_as(struct demo *d, const char *role,
                          cv_status (*write)(struct cv_ui *, struct cv_vault *, struct cv_cases *,
                                             const char *))
{
    struct cv_cases *cases = NULL;
    struct cv_vault *v = NULL;
    size_t i = 0;
    while (i + 1 < PEOPLE && strcmp(people[i].file, role) != 0)
        i++;
    cv_status st = cv_cases_new(d->seed, d->cases, &cases);
    st = CV_THEN(st, cv_vault_open(d->vault, NULL, &d->id[i], &v, &d->ui->err));
    st = CV_THEN(st, write(d->ui, v, cases, role));
    cv_vault_close(v);
    cv_cases_free(cases);
    return st;
}

static cv_status write_passphrase(struct cv_ui *ui, const char *dir)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/passphrase", dir);
    return cv_ui_write_file(ui, path, CV_LIT("only for training\n"));
}

static cv_status make(struct demo *d)
{
    cv_status st = write_passphrase(d->ui, d->dir);
    st = CV_THEN(st, found(d));
    st = CV_THEN(st, new_partner(d));
    st = CV_THEN(st, write_as(d, "protection", import_cases));
    st = CV_THEN(st, write_as(d, "medical", add_sections));
    st = CV_THEN(st, write_as(d, "legal", add_sections));
    for (size_t i = 0; i < PEOPLE; i++)
        cv_identity_free(&d->id[i]);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct demo d = {
        .ui = ui, .dir = ui->words.w[0], .cases = a->cases > 0 ? a->cases : CASES_DEFAULT, .seed = a->seed
    };
    if (a->print)
        return print_cases(ui, a);
    if (d.dir == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "wanted: a new directory for the training vault");
    if (mkdir(d.dir, 0700) != 0)
        return errno == EEXIST
                   ? cv_fail(&ui->err, CV_ERR_EXISTS, "%s: already there; name a new directory", d.dir)
                   : cv_fail_errno(&ui->err, "%s: cannot make the directory", d.dir);
    snprintf(d.vault, sizeof(d.vault), "%s/vault", d.dir);
    cv_status st = make(&d);
    if (st == CV_OK) {
        cv_ui_training(ui, true);
        printf("%s\n", d.vault);
        cv_ui_say(ui, "Identities are beside it, one for each role; their passphrase is in %s/passphrase.",
                  d.dir);
        cv_ui_say(ui, "Exercises that look for themselves whether they were done: casevault demo tour %s",
                  d.dir);
    }
    return st;
}

const struct cv_cmd cv_cmd_demo = {
    .name = "demo",
    .synopsis = "[--cases N] [--seed S] DIR | --print",
    .summary = "make a TRAINING vault with synthetic cases to try things on",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = 1,
    .run = run,
};
