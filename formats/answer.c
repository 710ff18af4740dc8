#include "formats/answer.h"

#include <string.h>

#include "formats/columns_field.h"
#include "formats/words.h"

/* having(f, part, first): the one word that has the folded ${part} in it, or (first) at its beginning;
 * *count: how many do. */
static const char *having(const struct cv_template_field *f, const char *part, bool first, size_t *count)
{
    const char *found = NULL;
    *count = 0;
    for (size_t i = 0; i < cv_json_len(f->choices); i++) {
        char word[CV_LABEL_FOLD_BYTES];
        const char *text = cv_json_cstr(cv_json_at(f->choices, i));
        const char *at = cv_label_fold(cv_bytes_str(text), word) ? strstr(word, part) : NULL;
        if (at != NULL && (at == word || !first)) {
            found = text;
            ++*count;
        }
    }
    return *count == 1 ? found : NULL;
}

/* choice(f, text, why): the word that is meant; NULL with ${why}. */
static const char *choice(const struct cv_template_field *f, struct cv_bytes text, const char **why)
{
    char part[CV_LABEL_FOLD_BYTES];
    uint64_t number = 0;
    size_t count = 0;
    const char *found = cell_choice(f, text);
    *why = _("none of the choices; ? shows them");
    if (found != NULL)
        return found;
    if (cv_bytes_number(text, &number))
        return number >= 1 && number <= cv_json_len(f->choices)
                   ? cv_json_cstr(cv_json_at(f->choices, number - 1))
                   : NULL;
    if (!cv_label_fold(text, part))
        return NULL;
    found = having(f, part, true, &count);
    if (count == 0)
        found = having(f, part, false, &count);
    if (count > 1)
        *why = _("more than one of the choices has that in it; type more of it, or its number");
    return found;
}

/* choices(f, text, list, why): each between ; and commas, once. */
static cv_status choices(const struct cv_template_field *f, struct cv_bytes text, struct cv_json *list,
                         const char **why)
{
    cv_status st = CV_OK;
    for (size_t from = 0, i = 0; i <= text.n && st == CV_OK; i++) {
        if (i < text.n && text.p[i] != ';' && text.p[i] != ',')
            continue;
        const struct cv_bytes part = cell_bare(CV_BYTES(text.p + from, i - from));
        const char *word = part.n > 0 ? choice(f, part, why) : NULL;
        from = i + 1;
        if (part.n > 0)
            st = word != NULL ? cv_json_push_word(list, word) : CV_ERR_FORMAT;
    }
    return st;
}

cv_status cv_answer_value(const struct cv_template_field *f, struct cv_bytes text, struct cv_json **out,
                          const char **why)
{
    const struct cell_how how = { .dates = CV_DATES_CLEAR };
    if (f->choices == NULL)
        return cell_value(f, cell_bare(text), &how, out, why);
    if (!f->multi) {
        const char *word = choice(f, cell_bare(text), why);
        *out = word != NULL ? cv_json_str(word) : NULL;
        return word == NULL ? CV_ERR_FORMAT : *out == NULL ? CV_ERR_NOMEM : CV_OK;
    }
    *out = cv_json_array();
    cv_status st = *out != NULL ? choices(f, text, *out, why) : CV_ERR_NOMEM;
    if (st != CV_OK) {
        cv_json_free(*out);
        *out = NULL;
    }
    return st;
}

static bool is_large(char c)
{
    return c >= 'A' && c <= 'Z';
}

cv_status cv_choice_label(const char *word, struct cv_buf *out)
{
    cv_status st = CV_OK;
    const char *at = is_large(word[0]) && word[1] == '_' && word[2] != '\0' ? word + 2 : word;
    for (size_t i = 0; at[i] != '\0' && st == CV_OK; i++) {
        const bool starts = i > 0 && is_large(at[i]) && !is_large(at[i - 1]) && at[i - 1] != '_';
        /* "NGO" and "ICT" stay as they are. */
        const bool alone = is_large(at[i]) && (i == 0 || is_large(at[i + 1]) || is_large(at[i - 1]));
        char c = at[i] == '_' ? ' ' : at[i];
        if (is_large(c) && !alone)
            c = (char)(c | 0x20);
        st = starts ? cv_buf_str(out, " ") : CV_OK;
        st = CV_THEN(st, cv_buf_append(out, CV_BYTES((const uint8_t *)&c, 1)));
    }
    return st;
}
