#include <stdio.h>
#include <string.h>

#include "formats/columns_field.h"
#include "formats/country.h"
#include "formats/crockford.h"
#include "formats/csv.h"
#include "formats/words.h"

/* What a cell says, in the terms of the template. Nothing is guessed: what can be read in two ways is
 * refused. */

struct cv_bytes cell_bare(struct cv_bytes cell)
{
    while (cell.n > 0 && memchr(" \t\r\n", cell.p[0], 4) != NULL)
        cell = CV_BYTES(cell.p + 1, cell.n - 1);
    while (cell.n > 0 && memchr(" \t\r\n", cell.p[cell.n - 1], 4) != NULL)
        cell.n--;
    return cell;
}

struct cv_bytes cell_unguarded(struct cv_bytes cell, bool ours)
{
    size_t quotes = 0;
    while (quotes < cell.n && cell.p[quotes] == '\'')
        quotes++;
    if (quotes == 0 || quotes == cell.n ||
        memchr(CV_CSV_GUARDED, cell.p[quotes], sizeof(CV_CSV_GUARDED) - 1) == NULL)
        return cell;
    /* In our own file one that was an apostrophe already has got another (columns_write.c). Elsewhere it is
     * one alone, and what ends with another is quoted. */
    return ours || (quotes == 1 && cell.p[cell.n - 1] != '\'') ? CV_BYTES(cell.p + 1, cell.n - 1) : cell;
}

/* line_of(text): what may stand at the end of a cell and never in a line. */
static struct cv_bytes line_of(struct cv_bytes text)
{
    while (text.n > 0 && memchr("\r\n", text.p[text.n - 1], 2) != NULL)
        text.n--;
    return text;
}

/* ---- words ---- */

/* What forms call a word of a choice, where that is more than another spelling of it. */
static const struct {
    const char *htcds, *label, *word;
} labels[] = {
    { "con_Consent", "TRUE", "Given" },
    { "con_Consent", "Yes", "Given" },
    { "con_Consent", "1", "Given" },
    { "con_Consent", "FALSE", "Refused" },
    { "con_Consent", "No", "Refused" },
    { "con_Consent", "0", "Refused" },
    { "prs_Gender", "Not Specified/Unknown", "NonSpecifiedUnknown" },
    { "prs_Gender", "Female", "Feminine" },
    { "prs_Gender", "Male", "Masculine" },
    { "vic_MethodsOfControl", "Threats of law enforcement", "ThreatsLawEnforcement" },
    { "vic_ForcedLabourIndustry", "Water supply; sewerage, waste management and remediation",
      "E_WaterSupplySewerageWasteManagement" },
    { "vic_ForcedLabourIndustry", "Wholesale and retail trade; repair of motor vehicles and motorcycles",
      "G_WholesaleAndRetailTradeRepairOfMotorVehicles" },
    { "vic_ForcedLabourIndustry", "Public administration and defence; compulsory social security",
      "O_PublicAdministrationAndDefence" },
    { "vic_ForcedLabourIndustry",
      "Activities of households as employers; undifferentiated goods- and services- producing activities of "
      "households for own use",
      "T_ActivitiesOfHouseholdsAsEmployers" },
    { "vic_ForcedLabourIndustry", "Activities of extraterritorial organizations and bodies",
      "U_ActivitiesOfExtraterritorialOrganizations" },
};

/* bare_word(word): without the letter of a classification: A_Agriculture is Agriculture. */
static struct cv_bytes bare_word(const char *word)
{
    return cv_bytes_str(word[0] >= 'A' && word[0] <= 'Z' && word[1] == '_' ? word + 2 : word);
}

const char *cell_choice(const struct cv_template_field *f, struct cv_bytes text)
{
    char want[CV_LABEL_FOLD_BYTES];
    const char *found = NULL;
    for (size_t i = 0; i < cv_json_len(f->choices); i++)
        if (cv_bytes_equal(cv_json_text(cv_json_at(f->choices, i)), text))
            return cv_json_cstr(cv_json_at(f->choices, i));
    for (size_t i = 0; f->htcds != NULL && i < sizeof(labels) / sizeof(labels[0]) && found == NULL; i++)
        if (strcmp(f->htcds, labels[i].htcds) == 0 && cv_label_same(cv_bytes_str(labels[i].label), text))
            found = labels[i].word;
    if (found != NULL)
        return cv_json_has_word(f->choices, found) ? found : NULL;
    for (size_t i = 0; cv_label_fold(text, want) && i < cv_json_len(f->choices); i++) {
        const char *word = cv_json_cstr(cv_json_at(f->choices, i));
        if (!cv_label_same(cv_bytes_str(want), cv_bytes_str(word)) &&
            !cv_label_same(cv_bytes_str(want), bare_word(word)))
            continue;
        if (found != NULL)
            return NULL; /* two of them would fit */
        found = word;
    }
    return found;
}

bool cell_yes(struct cv_bytes text, bool *out)
{
    static const char *const yes[] = { "1", "true", "yes", "y", "x" }, *const no[] = { "0", "false", "no",
                                                                                       "n" };
    char word[CV_LABEL_FOLD_BYTES];
    if (!cv_label_fold(text, word))
        return false;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        if (strcmp(word, yes[i]) == 0)
            return *out = true;
    *out = false;
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (strcmp(word, no[i]) == 0)
            return true;
    return false;
}

/* ---- other types ---- */

/* phone_of(text, out): digits with the country's code, without what people write between them. */
static bool phone_of(struct cv_bytes text, char out[static 32])
{
    size_t n = 0;
    if (memmem(text.p, text.n, "(0)", 3) != NULL)
        return false;
    const bool zeros = text.n > 2 && text.p[0] == '0' && text.p[1] == '0';
    if (zeros)
        out[n++] = '+';
    for (size_t i = zeros ? 2 : 0; i < text.n; i++) {
        if (memchr(" -.()", text.p[i], 5) != NULL)
            continue; /* but a / stands between two numbers, and (0) before one that is not dialled */
        if (n >= 20 || !((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] == '+' && n == 0)))
            return false;
        out[n++] = (char)text.p[i];
    }
    out[n] = '\0';
    return out[0] == '+' && n >= 8 && n <= 16;
}

static bool integer_of(struct cv_bytes text, int64_t *out)
{
    uint64_t n = 0;
    const bool minus = text.n > 0 && text.p[0] == '-';
    if (text.n > 2 && text.p[text.n - 2] == '.' && text.p[text.n - 1] == '0')
        text.n -= 2; /* as spreadsheets write whole numbers */
    if (!cv_bytes_number(CV_BYTES(text.p + (minus ? 1 : 0), text.n - (minus ? 1 : 0)), &n))
        return false;
    *out = minus ? -(int64_t)n : (int64_t)n;
    return true;
}

/* lines(text, out): CR LF becomes LF. */
static cv_status lines(struct cv_bytes text, struct cv_json **out)
{
    struct cv_buf b = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < text.n && st == CV_OK;) {
        const uint8_t *cr = memchr(text.p + i, '\r', text.n - i);
        const size_t end = cr != NULL ? (size_t)(cr - text.p) : text.n;
        st = cv_buf_append(&b, CV_BYTES(text.p + i, end - i));
        i = end + (cr != NULL ? 1 : 0);
        if (cr != NULL && (i == text.n || text.p[i] != '\n'))
            st = CV_THEN(st, cv_buf_str(&b, "\n"));
    }
    *out = st == CV_OK ? cv_json_strn(cv_buf_view(&b)) : NULL;
    cv_buf_free(&b);
    return *out != NULL ? CV_OK : CV_ERR_NOMEM;
}

static cv_status refuse(const char **why, const char *text)
{
    *why = _(text);
    return CV_ERR_FORMAT;
}

static cv_status give(struct cv_json *value, struct cv_json **out)
{
    *out = value;
    return value != NULL ? CV_OK : CV_ERR_NOMEM;
}

/* one(f, text, ...): a single value. */
static cv_status one(const struct cv_template_field *f, struct cv_bytes text, const struct cell_how *how,
                     struct cv_json **out, const char **why)
{
    char made[32];
    uint8_t raw[CV_ID_BYTES];
    bool yes = false;
    int64_t number = 0;
    if (strcmp(f->type, "choice") == 0) {
        const char *word = cell_choice(f, text);
        return word != NULL ? give(cv_json_str(word), out)
                            : refuse(why, "none of the words that may stand here; see the template");
    }
    if (strcmp(f->type, "date") == 0)
        return cell_date(text, how->dates, made, why) ? give(cv_json_str(made), out) : CV_ERR_FORMAT;
    if (strcmp(f->type, "country") == 0) {
        const char *code = cv_country_code(text);
        return code != NULL ? give(cv_json_str(code), out)
                            : refuse(why, "not a country (ISO 3166: two letters, or its English name)");
    }
    if (strcmp(f->type, "phone") == 0)
        return phone_of(text, made) ? give(cv_json_str(made), out)
                                    : refuse(why, "not a telephone number with its country's code (+...)");
    if (strcmp(f->type, "integer") == 0)
        return integer_of(text, &number) ? give(cv_json_int(number), out) : refuse(why, "not a whole number");
    if (strcmp(f->type, "boolean") == 0)
        return cell_yes(text, &yes) ? give(cv_json_bool(yes), out) : refuse(why, "neither yes nor no");
    if (strcmp(f->type, "text") == 0 && !how->ours)
        return lines(text, out);
    if (strcmp(f->type, "ref") == 0 && cv_id_parse(text, raw, NULL) != CV_OK)
        return refuse(why, "not a record id, or mistyped");
    if (strcmp(f->type, "language") == 0 && text.n != 3)
        return refuse(why, "not a language (ISO 639-2: three letters)");
    return give(cv_json_strn(text), out); /* the template will judge it */
}

/* ---- several values ---- */

/* add(f, text, ...): one more, unless it is there already. */
static cv_status add(const struct cv_template_field *f, struct cv_bytes text, const struct cell_how *how,
                     struct cv_json *list, const char **why)
{
    struct cv_json *value = NULL;
    text = cell_bare(text);
    if (text.n == 0)
        return CV_OK;
    cv_status st = one(f, text, how, &value, why);
    for (size_t i = 0; st == CV_OK && i < cv_json_len(list); i++)
        if (cv_json_equal(cv_json_at(list, i), value)) {
            cv_json_free(value);
            return CV_OK;
        }
    return st == CV_OK ? cv_json_push(list, value) : st;
}

/* split(f, text, marks, ...): at each of the marks; all parts must be values. */
static cv_status split(const struct cv_template_field *f, struct cv_bytes text, const char *marks,
                       const struct cell_how *how, struct cv_json *list, const char **why)
{
    cv_status st = CV_OK;
    for (size_t from = 0, i = 0; i <= text.n && st == CV_OK; i++)
        if (i == text.n || (text.p[i] != '\0' && strchr(marks, text.p[i]) != NULL)) {
            st = add(f, CV_BYTES(text.p + from, i - from), how, list, why);
            from = i + 1;
        }
    return st;
}

/* split_ours(text, list): as columns_write.c put them together. */
static cv_status split_ours(struct cv_bytes text, struct cv_json *list)
{
    struct cv_buf line = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i <= text.n && st == CV_OK; i++) {
        if (i == text.n || text.p[i] == ';') {
            st = cv_json_push(list, cv_json_strn(cv_buf_view(&line)));
            cv_buf_truncate(&line, 0);
            continue;
        }
        if (text.p[i] == '\\' && i + 1 < text.n)
            i++;
        st = cv_buf_append(&line, CV_BYTES(text.p + i, 1));
    }
    cv_buf_free(&line);
    return st;
}

cv_status cell_value(const struct cv_template_field *f, struct cv_bytes text, const struct cell_how *how,
                     struct cv_json **out, const char **why)
{
    /* Words without spaces may be parted by one, as Kobo and ODK do; free text only as the standard does. */
    static const char *const coded[] = { "", ";|\n", " ;|\n", ",;|\n", NULL };
    static const char *const plain[] = { ";\n", NULL };
    const char *const *marks = strcmp(f->type, "string") == 0 ? plain : coded;
    cv_status st = CV_ERR_FORMAT;
    *out = NULL;
    *why = _("does not fit");
    if (strcmp(f->type, "text") != 0 && strcmp(f->type, "string") != 0)
        text = cell_bare(cell_unguarded(cell_bare(text), how->ours));
    else if (strcmp(f->type, "string") == 0 && !how->ours)
        text = line_of(text);
    if (!f->multi)
        return one(f, text, how, out, why);
    for (size_t i = 0; marks[i] != NULL && st == CV_ERR_FORMAT; i++) {
        cv_json_free(*out);
        *out = cv_json_array();
        st = *out == NULL                  ? CV_ERR_NOMEM
             : how->ours && marks == plain ? split_ours(text, *out)
                                           : split(f, text, marks[i], how, *out, why);
    }
    if (st != CV_OK) {
        cv_json_free(*out);
        *out = NULL;
    }
    return st;
}
