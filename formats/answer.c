#include "formats/answer.h"

#include <string.h>

#include "formats/columns_field.h"
#include "formats/words.h"

/* make_small(text): as a shift key does it in the alphabets that catalogs are written in; ASCII is small. */
static void make_small(char *text)
{
    for (uint8_t *p = (uint8_t *)text; p[0] != 0 && p[1] != 0; p++)
        if ((p[0] == 0xd0 && p[1] >= 0x90 && p[1] <= 0x9f) ||
            (p[0] == 0xc3 && p[1] >= 0x80 && p[1] <= 0x9e && p[1] != 0x97))
            p[1] += 0x20;
        else if (p[0] == 0xd0 && ((p[1] >= 0xa0 && p[1] <= 0xaf) || p[1] == 0x81)) {
            p[1] = p[1] == 0x81 ? 0x91 : (uint8_t)(p[1] - 0x20);
            p[0] = 0xd1;
        }
}

/* stands_in(word, part): 2 at the beginning of the word, or of how it is shown; 1 in it; 0 not. */
static int stands_in(const char *word, const char *part)
{
    char folded[CV_LABEL_FOLD_BYTES], label[CV_LABEL_FOLD_BYTES];
    struct cv_buf shown = { 0 };
    const char *at = cv_label_fold(cv_bytes_str(word), folded) ? strstr(folded, part) : NULL;
    int how = at == NULL ? 0 : at == folded ? 2 : 1;
    if (how < 2 && cv_words_other() && cv_choice_label(word, &shown) == CV_OK &&
        cv_label_fold(cv_buf_view(&shown), label)) {
        make_small(label);
        at = strstr(label, part);
        how = at == label ? 2 : at != NULL ? 1 : how;
    }
    cv_buf_free(&shown);
    return how;
}

/* having(f, part, first): the one word that has the folded ${part} in it, or (first) at its beginning;
 * *count: how many do. */
static const char *having(const struct cv_template_field *f, const char *part, bool first, size_t *count)
{
    const char *found = NULL;
    *count = 0;
    for (size_t i = 0; i < cv_json_len(f->choices); i++) {
        const char *text = cv_json_cstr(cv_json_at(f->choices, i));
        if (stands_in(text, part) >= (first ? 2 : 1)) {
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
    make_small(part);
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

/* in_english(word, out): "SexualExploitation" as "Sexual exploitation". */
static cv_status in_english(const char *word, struct cv_buf *out)
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

cv_status cv_choice_label(const char *word, struct cv_buf *out)
{
    struct cv_buf label = { 0 };
    cv_status st = in_english(word, &label);
    st = CV_THEN(st, cv_buf_append(&label, CV_LIT("\0")));
    st = CV_THEN(st, cv_buf_str(out, _((const char *)label.p)));
    cv_buf_free(&label);
    return st;
}
