#include <string.h>

#include "cmd/tour.h"
#include "formats/words.h"

/* cmd/tour.txt, exercise by exercise. */

const struct cv_tour_role cv_tour_roles[CV_TOUR_ROLES] = {
    { "intake", N_("intake worker"), true }, { "protection", N_("protection officer"), true },
    { "legal", N_("legal officer"), true },  { "auditor", N_("auditor"), true },
    { "custodian", N_("custodian"), true },  { "partner", N_("the partner: a court"), false },
};

struct cv_bytes cv_tour_line(struct cv_bytes *rest)
{
    const uint8_t *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    const size_t n = end != NULL ? (size_t)(end - rest->p) : rest->n, past = n + (end != NULL);
    const struct cv_bytes line = CV_BYTES(rest->p, n);
    *rest = CV_BYTES(rest->p + past, rest->n - past);
    return line;
}

/* until(rest, mark): what stands before that character, which is passed over; all of it, if there is none. */
static struct cv_bytes until(struct cv_bytes *rest, char mark)
{
    const uint8_t *end = rest->n > 0 ? memchr(rest->p, mark, rest->n) : NULL;
    const size_t n = end != NULL ? (size_t)(end - rest->p) : rest->n, past = n + (end != NULL);
    const struct cv_bytes part = CV_BYTES(rest->p, n);
    *rest = CV_BYTES(rest->p + past, rest->n - past);
    return part;
}

static void skip_blanks(struct cv_bytes *text)
{
    while (text->n > 0 && text->p[0] == ' ')
        *text = CV_BYTES(text->p + 1, text->n - 1);
}

struct cv_bytes cv_tour_word(struct cv_bytes *rest)
{
    skip_blanks(rest);
    return until(rest, ' ');
}

struct cv_bytes cv_tour_named(struct cv_bytes *list)
{
    skip_blanks(list);
    return until(list, ',');
}

static bool begins(struct cv_bytes text, const char *with)
{
    const size_t n = strlen(with);
    return text.n >= n && memcmp(text.p, with, n) == 0;
}

/* lines(rest, with, not): as many lines as begin with this, or with none of the marks of a line's kind. */
static struct cv_bytes lines(struct cv_bytes *rest, const char *with)
{
    struct cv_bytes all = CV_BYTES(rest->p, 0);
    while (rest->n > 0 &&
           (with != NULL ? begins(*rest, with) : !begins(*rest, "? ") && !begins(*rest, "# "))) {
        (void)cv_tour_line(rest);
        all.n = (size_t)(rest->p - all.p);
    }
    return all;
}

bool cv_tour_next(struct cv_bytes *rest, struct cv_tour_step *step)
{
    if (!begins(*rest, "# "))
        return false;
    struct cv_bytes title = cv_tour_line(rest);
    title = CV_BYTES(title.p + 2, title.n - 2);
    step->name = cv_tour_word(&title);
    step->role = until(&title, ':');
    skip_blanks(&title);
    step->title = title;
    step->after = lines(rest, "after: ");
    if (step->after.n > 0)
        step->after = CV_BYTES(step->after.p + 7, step->after.n - 8); /* without its LF */
    step->body = lines(rest, NULL);
    step->checks = lines(rest, "? ");
    while (rest->n > 0 && rest->p[0] == '\n')
        *rest = CV_BYTES(rest->p + 1, rest->n - 1);
    return true;
}

bool cv_tour_find(struct cv_bytes name, struct cv_tour_step *step)
{
    struct cv_bytes rest = cv_tour_text();
    while (cv_tour_next(&rest, step))
        if (cv_bytes_equal(step->name, name))
            return true;
    return false;
}

/* An exercise comes after others of the table that stand before it, so this ends. */
bool cv_tour_leads(const struct cv_tour_step *step, struct cv_bytes name)
{
    struct cv_bytes list = step->after;
    bool found = cv_bytes_equal(step->name, name);
    while (!found && list.n > 0) {
        struct cv_tour_step before;
        found = cv_tour_find(cv_tour_named(&list), &before) && cv_tour_leads(&before, name);
    }
    return found;
}
