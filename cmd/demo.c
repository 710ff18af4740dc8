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
static const char passphrase[] = "training only";

struct args {
    uint64_t cases, seed;
    bool print;
};
static const struct cv_opt opts[] = {
    { "cases", 'n', "N", "how many cases (default 200)", offsetof(struct args, cases), CV_OPT_NUMBER },
    { "seed", 's', "S", "another seed tells other stories", offsetof(struct args, seed), CV_OPT_NUMBER },
    { "print", 0, NULL, "only print the cases, as JSON lines, and make no vault",
      offsetof(struct args, print), CV_OPT_FLAG },
    { 0 },
};

static const struct {
    const char *file, *name, *roles[3];
} people[] = {
    { "custodian", "Custodian (training)", { NULL } }, /* founds it, and holds every role */
    { "intake", "Intake worker (training)", { "intake", NULL } },
    { "protection", "Protection officer (training)", { "protection", NULL } },
    { "legal", "Legal officer (training)", { "legal", NULL } },
    { "medical", "Medical officer (training)", { "medical", NULL } },
    { "auditor", "Auditor (training)", { "auditor", NULL } },
};
#define PEOPLE (sizeof(people) / sizeof(people[0]))

static cv_status print_cases(struct cv_ui *ui, const struct args *a)
{
    struct cv_cases *cases = NULL;
    struct cv_json *record = NULL;
    cv_status st = cv_cases_new(a->seed, a->cases > 0 ? a->cases : CASES_DEFAULT, &cases);
    while (st == CV_OK && (st = cv_cases_next(cases, &record)) == CV_OK) {
        st = cv_ui_print_json(record);
        cv_json_free(record);
    }
    cv_cases_free(cases);
    return st == CV_ERR_NOTFOUND ? CV_OK : cv_err_note(&ui->err, st, "cases");
}

/* new_person(ui, dir, i, id): keys and their file. */
static cv_status new_person(struct cv_ui *ui, const char *dir, size_t i, struct cv_identity *id)
{
    char path[4200];
    struct cv_buf file = { 0 };
    cv_status st = cv_identity_new(true, id, &ui->err);
    st = CV_THEN(st, cv_identity_seal(id, cv_bytes_str(passphrase), SCRYPT_TRAINING, &file, &ui->err));
    snprintf(path, sizeof(path), "%s/%s.identity", dir, people[i].file);
    st = CV_THEN(st, cv_ui_write_file(ui, path, cv_buf_view(&file)));
    cv_buf_free(&file);
    return st;
}

/* admit(ui, v, dir): everybody else, with their names in the directory. */
static cv_status admit(struct cv_ui *ui, struct cv_vault *v, const char *dir)
{
    cv_status st = CV_OK;
    for (size_t i = 1; i < PEOPLE && st == CV_OK; i++) {
        struct cv_identity id = { 0 };
        struct cv_json *record = cv_json_object(), *o = cv_json_object();
        struct cv_stored stored;
        struct cv_outcome outcome;
        st = new_person(ui, dir, i, &id);
        st = CV_THEN(st, cv_members_add(v, &id.public, people[i].roles, &outcome, &ui->err));
        st = CV_THEN(st, cv_json_set(o, "name", cv_json_str(people[i].name)));
        st = CV_THEN(st, cv_json_set(o, "pseudonym", cv_json_str(id.public.pseudonym)));
        st = CV_THEN(st, cv_json_set(record, "type", cv_json_str("staff")));
        st = CV_THEN(st, cv_json_set(record, "directory", cv_json_ref(o)));
        st = CV_THEN(st, cv_record_add(v, record, NULL, &stored, &ui->err));
        cv_json_free(o);
        cv_json_free(record);
        cv_identity_free(&id);
    }
    return st;
}

/* fill(ui, v, a): the cases, as an import of them would store them. */
static cv_status fill(struct cv_ui *ui, struct cv_vault *v, const struct args *a)
{
    const uint64_t wanted = a->cases > 0 ? a->cases : CASES_DEFAULT;
    struct cv_cases *cases = NULL;
    struct cv_json *record = NULL;
    cv_status st = cv_cases_new(a->seed, wanted, &cases), more = CV_OK;
    while (st == CV_OK && more == CV_OK) {
        struct cv_json *ids = cv_json_array();
        struct cv_stored stored;
        st = cv_vault_begin(v, &ui->err);
        const bool begun = st == CV_OK;
        while (st == CV_OK && cv_json_len(ids) < PER_COMMIT &&
               (more = cv_cases_next(cases, &record)) == CV_OK) {
            st = cv_record_put(v, record, &stored, &ui->err);
            st = CV_THEN(st, cv_json_push(ids, cv_json_str(stored.id)));
            cv_json_free(record);
        }
        const struct cv_event event = { .action = "import", .ids = ids, .detail = "synthetic cases" };
        if (st == CV_OK && cv_json_len(ids) > 0) {
            st = cv_event_add(v, &event, &ui->err);
            st = CV_THEN(st, cv_vault_commit(v, &ui->err));
        }
        if (begun)
            cv_vault_abort(v); /* whatever was not committed */
        cv_json_free(ids);
    }
    cv_cases_free(cases);
    return st != CV_OK ? st : more == CV_ERR_NOTFOUND ? CV_OK : more;
}

static cv_status write_passphrase(struct cv_ui *ui, const char *dir)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/passphrase", dir);
    return cv_ui_write_file(ui, path, CV_LIT("training only\n"));
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    const char *dir = ui->words.w[0];
    struct cv_identity founder = { 0 };
    struct cv_vault *v = NULL;
    char vault[4200];
    const struct cv_event event = { .action = "init", .detail = "a training vault was founded" };
    if (a->print)
        return print_cases(ui, a);
    if (dir == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "wanted: a new directory for the training vault");
    if (mkdir(dir, 0700) != 0)
        return errno == EEXIST
                   ? cv_fail(&ui->err, CV_ERR_EXISTS, "%s: already there; name a new directory", dir)
                   : cv_fail_errno(&ui->err, "%s: cannot make the directory", dir);
    snprintf(vault, sizeof(vault), "%s/vault", dir);
    cv_status st = write_passphrase(ui, dir);
    st = CV_THEN(st, new_person(ui, dir, 0, &founder));
    st = CV_THEN(st, cv_vault_init(vault, cv_template_default_text(), &founder, &ui->err));
    st = CV_THEN(st, cv_vault_open(vault, NULL, &founder, &v, &ui->err));
    st = CV_THEN(st, cv_event_log(v, &event, &ui->err));
    st = CV_THEN(st, admit(ui, v, dir));
    st = CV_THEN(st, fill(ui, v, a));
    if (st == CV_OK) {
        cv_ui_training(ui, true);
        printf("%s\n", vault);
        cv_ui_say(ui, "Identities are beside it, one for each role; their passphrase is in %s/passphrase.",
                  dir);
    }
    cv_vault_close(v);
    cv_identity_free(&founder);
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
