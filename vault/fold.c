#include "vault/fold.h"

#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utrans.h>

#include "formats/utf8.h"
#include "vault/spelling.h"
#include "vault/wiping.h"

/* A letter of an alphabet is romanised once, and remembered: there are few of them. */
#define LETTERS 1024
struct letter {
    UChar32 code; /* 0: none yet */
    char latin[CV_SPELLING_LETTER_BYTES];
};

struct cv_folder {
    const UNormalizer2 *nfkc; /* ICU's own */
    UTransliterator *latin;
    struct letter letters[LETTERS];
    char word[CV_SPELLING_WORD_BYTES]; /* the one under way, in ASCII (or what stays) */
    size_t length;
    struct cv_buf *out;
    size_t first; /* where this text's words begin in ${out} */
};

cv_status cv_folder_new(struct cv_folder **out)
{
    cv_wiping_icu();
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? CV_OK : CV_ERR_NOMEM;
}

void cv_folder_free(struct cv_folder *f)
{
    if (f == NULL)
        return;
    utrans_close(f->latin);
    cv_wipe(f, sizeof(*f));
    free(f);
}

/* ---- words ---- */

/* end_word(f): what was gathered is one word: fold its spelling, and give it out. */
static cv_status end_word(struct cv_folder *f)
{
    char folded[CV_SPELLING_WORD_BYTES];
    const size_t n = cv_spelling_fold(f->word, f->length, folded);
    const struct cv_bytes word = cv_utf8_cut(CV_BYTES(folded, n), CV_FOLD_WORD_BYTES);
    f->length = 0;
    if (word.n == 0)
        return CV_OK;
    cv_status st = f->out->n > f->first ? cv_buf_str(f->out, " ") : CV_OK;
    return CV_THEN(st, cv_buf_append(f->out, word));
}

/* gather(f, bytes): they belong to the word under way. What is longer than a word can be does not count. */
static void gather(struct cv_folder *f, const char *bytes, size_t n)
{
    if (n > sizeof(f->word) - f->length)
        return;
    memcpy(f->word + f->length, bytes, n);
    f->length += n;
}

static bool is_apostrophe(UChar32 c)
{
    return c == '\'' || c == '`' || c == 0x2019 || c == 0x2018 || (c >= 0x2b9 && c <= 0x2bf) || c == 0x2032;
}

static bool is_ascii_word(UChar32 c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* take_ascii(f, c): a letter or digit, an apostrophe inside a word, or the end of one. */
static cv_status take_ascii(struct cv_folder *f, UChar32 c)
{
    const char lower = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    if (is_ascii_word(c))
        gather(f, &lower, 1);
    else if (!is_apostrophe(c))
        return end_word(f);
    return CV_OK;
}

/* ---- other letters than ASCII's ---- */

static cv_status of_icu(UErrorCode bad)
{
    return U_SUCCESS(bad)                     ? CV_OK
           : bad == U_MEMORY_ALLOCATION_ERROR ? CV_ERR_NOMEM
           : bad == U_INVALID_CHAR_FOUND      ? CV_ERR_FORMAT
                                              : CV_ERR_INTERNAL;
}

/* romanise(f, text, length, room): in place, by ICU: any script to Latin, Latin to ASCII. */
static cv_status romanise(struct cv_folder *f, UChar *text, int32_t *length, int32_t room)
{
    static const char rules[] = "Any-Latin; Latin-ASCII; Lower";
    UChar id[sizeof(rules)];
    UErrorCode bad = U_ZERO_ERROR;
    int32_t limit = *length;
    u_charsToUChars(rules, id, (int32_t)sizeof(rules));
    if (f->latin == NULL)
        f->latin = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &bad);
    if (U_SUCCESS(bad))
        utrans_transUChars(f->latin, text, length, room, 0, &limit, &bad);
    return of_icu(bad);
}

/* next_code(text, i, length): the character at ${i}, which goes on to the next. */
static UChar32 next_code(const UChar *text, int32_t *i, int32_t length)
{
    UChar32 c = text[(*i)++];
    if (c >= 0xd800 && c < 0xdc00 && *i < length)
        c = 0x10000 + ((c - 0xd800) << 10) + (text[(*i)++] - 0xdc00);
    return c;
}

/* keep(f, text, n): a letter that no rule knows stays in its own script. */
static cv_status keep(struct cv_folder *f, const UChar *letter, int32_t length)
{
    char utf8[8];
    int32_t n = 0;
    UErrorCode bad = U_ZERO_ERROR;
    u_strToUTF8(utf8, (int32_t)sizeof(utf8), &n, letter, length, &bad);
    if (U_SUCCESS(bad))
        gather(f, utf8, (size_t)n);
    return of_icu(bad);
}

/* take_roman(f, text, length): what came of romanising; its spaces part words (as of Chinese syllables). */
static cv_status take_roman(struct cv_folder *f, const UChar *text, int32_t length)
{
    cv_status st = CV_OK;
    UChar32 c;
    for (int32_t i = 0; i < length && st == CV_OK;) {
        const int32_t at = i;
        c = next_code(text, &i, length);
        if (c < 0x80 || is_apostrophe(c))
            st = take_ascii(f, c);
        else if (u_isalnum(c))
            st = keep(f, text + at, i - at);
    }
    return st;
}

/* by_letter(c): of an alphabet whose letters are romanised one by one, whatever stands beside them. */
static bool by_letter(UChar32 c)
{
    UErrorCode bad = U_ZERO_ERROR;
    const UScriptCode script = uscript_getScript(c, &bad);
    return c < 0x10000 && (script == USCRIPT_LATIN || script == USCRIPT_CYRILLIC ||
                           script == USCRIPT_GEORGIAN || script == USCRIPT_ARMENIAN);
}

/* base_of(f, c, out): the ASCII letter that it is, with marks on it; or nothing. */
static cv_status base_of(const struct cv_folder *f, UChar32 c, char *out)
{
    UErrorCode bad = U_ZERO_ERROR;
    UChar apart[32];
    const int32_t n =
        unorm2_getDecomposition(f->nfkc, c, apart, (int32_t)(sizeof(apart) / sizeof(*apart)), &bad);
    if (n > 1 && apart[0] >= 'a' && apart[0] <= 'z')
        out[0] = (char)apart[0];
    return of_icu(bad);
}

/* learn(f, letter, c): how it is romanised: by our table, without its marks, or as ICU does. */
static cv_status learn(struct cv_folder *f, struct letter *l, UChar32 c)
{
    const char *ours = cv_spelling_letter((uint32_t)c);
    UChar text[64];
    int32_t length = 0, n = 0;
    cv_status st = CV_OK;
    UErrorCode bad = U_ZERO_ERROR;
    memset(l, 0, sizeof(*l));
    if (ours != NULL)
        memcpy(l->latin, ours, strlen(ours));
    else
        st = base_of(f, c, l->latin);
    if (st == CV_OK && ours == NULL && l->latin[0] == '\0') {
        text[length++] = (UChar)c;
        st = romanise(f, text, &length, (int32_t)(sizeof(text) / sizeof(*text)));
        if (st == CV_OK) {
            u_strToUTF8(l->latin, (int32_t)sizeof(l->latin) - 1, &n, text, length, &bad);
            st = of_icu(bad);
        }
    }
    l->code = st == CV_OK ? c : 0;
    return st;
}

static cv_status take_letter(struct cv_folder *f, UChar32 c)
{
    struct letter *l = &f->letters[c % LETTERS];
    cv_status st = l->code == c ? CV_OK : learn(f, l, c);
    if (st == CV_OK && (uint8_t)l->latin[0] >= 0x80)
        gather(f, l->latin, strlen(l->latin)); /* it stays in its own script */
    for (size_t i = 0; st == CV_OK && l->latin[i] != '\0'; i++)
        if (is_ascii_word(l->latin[i]))
            gather(f, &l->latin[i], 1);
    return st;
}

/* take_run(f, text, length): letters of another script, romanised together: there, neighbours matter. */
static cv_status take_run(struct cv_folder *f, const UChar *text, int32_t length)
{
    enum { RUN = 64, ROOM = 1024 };
    UChar roman[ROOM];
    cv_status st = CV_OK;
    while (length > 0 && st == CV_OK) {
        int32_t n = length < RUN ? length : RUN;
        const int32_t took = n;
        u_memcpy(roman, text, n);
        st = romanise(f, roman, &n, ROOM);
        st = CV_THEN(st, take_roman(f, roman, n));
        text += took;
        length -= took;
    }
    cv_wipe(roman, sizeof(roman));
    return st;
}

static bool is_mark(UChar32 c)
{
    return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
}

/* run_from(text, i, length): where the letters of other scripts that begin at ${i} end. */
static int32_t run_from(const UChar *text, int32_t i, int32_t length)
{
    while (i < length) {
        int32_t next = i;
        UChar32 c;
        c = next_code(text, &next, length);
        if (c < 0x80 || (!is_mark(c) && (!u_isalpha(c) || by_letter(c))))
            break;
        i = next;
    }
    return i;
}

/* take_text(f, text, length): normalised text. */
static cv_status take_text(struct cv_folder *f, const UChar *text, int32_t length)
{
    cv_status st = CV_OK;
    for (int32_t i = 0; i < length && st == CV_OK;) {
        const int32_t at = i;
        UChar32 c;
        c = next_code(text, &i, length);
        if (c < 0x80 || is_apostrophe(c))
            st = take_ascii(f, c);
        else if (u_isdigit(c))
            st = take_ascii(f, '0' + u_charDigitValue(c));
        else if (u_isalpha(c) && by_letter(c))
            st = take_letter(f, c);
        else if (u_isalpha(c)) {
            i = run_from(text, at, length);
            st = take_run(f, text + at, i - at);
        } else if (!is_mark(c)) /* a mark that no letter took up is left out */
            st = end_word(f);
    }
    return CV_THEN(st, end_word(f));
}

/* fold_wide(f, text): text that is not plain ASCII. */
static cv_status fold_wide(struct cv_folder *f, struct cv_bytes text)
{
    UErrorCode bad = U_ZERO_ERROR;
    /* NFKC with case folding lengthens a character to 18 at most; that is rare, and so tried twice. */
    const int32_t n = (int32_t)text.n;
    struct cv_buf raw = { 0 }, flat = { 0 };
    int32_t raw_n = 0, flat_n = 0;
    uint8_t *at = NULL;
    cv_status st = text.n > CV_BUF_MAX / 64 ? CV_ERR_LIMIT : CV_OK;
    if (st == CV_OK && f->nfkc == NULL)
        f->nfkc = unorm2_getNFKCCasefoldInstance(&bad);
    st = CV_THEN(st, of_icu(bad));
    st = CV_THEN(st, cv_buf_extend(&raw, text.n * sizeof(UChar), &at));
    if (st == CV_OK)
        u_strFromUTF8((UChar *)(void *)raw.p, n, &raw_n, (const char *)text.p, n, &bad);
    st = CV_THEN(st, of_icu(bad));
    for (int32_t room = raw_n + 64; st == CV_OK; room = flat_n) {
        bad = U_ZERO_ERROR;
        cv_buf_truncate(&flat, 0);
        st = cv_buf_extend(&flat, (size_t)room * sizeof(UChar), &at);
        if (st != CV_OK)
            break;
        flat_n =
            unorm2_normalize(f->nfkc, (UChar *)(void *)raw.p, raw_n, (UChar *)(void *)flat.p, room, &bad);
        if (bad != U_BUFFER_OVERFLOW_ERROR)
            break;
    }
    st = CV_THEN(st, of_icu(bad));
    st = CV_THEN(st, take_text(f, (UChar *)(void *)flat.p, flat_n));
    cv_buf_free(&raw);
    cv_buf_free(&flat);
    return st;
}

cv_status cv_fold(struct cv_folder *f, struct cv_bytes text, struct cv_buf *out)
{
    cv_status st = CV_OK;
    bool wide = false;
    f->out = out;
    f->first = out->n;
    f->length = 0;
    for (size_t i = 0; i < text.n && !wide; i++)
        wide = text.p[i] >= 0x80;
    if (wide)
        return fold_wide(f, text);
    for (size_t i = 0; i < text.n && st == CV_OK; i++)
        st = take_ascii(f, text.p[i]);
    return CV_THEN(st, end_word(f));
}

/* last_word(text): of folded words. */
static struct cv_bytes last_word(struct cv_bytes text)
{
    size_t from = text.n;
    while (from > 0 && text.p[from - 1] != ' ')
        from--;
    return CV_BYTES(text.p + from, text.n - from);
}

cv_status cv_fold_openings(struct cv_folder *f, struct cv_bytes text, struct cv_buf *out)
{
    /* Letters that may follow and change how the last one is spelled; a letter behind them, so that they do
     * not stand last, where they may mean something else; and a digit, with which it is a number. */
    static const char *const next[] = { "0", "b", "hb", "sb", "zb", "jb", "tb", "ub", "ob", "eb" };
    struct cv_buf whole = { 0 }, longer = { 0 };
    cv_status st = cv_fold(f, text, &whole);
    const struct cv_bytes word = last_word(cv_buf_view(&whole));
    st = CV_THEN(st, cv_buf_append(out, word));
    for (size_t i = 0; word.n > 0 && st == CV_OK && i < sizeof(next) / sizeof(*next); i++) {
        struct cv_buf with = { 0 };
        cv_buf_truncate(&longer, 0);
        st = cv_buf_append(&with, text);
        st = CV_THEN(st, cv_buf_str(&with, next[i]));
        st = CV_THEN(st, cv_fold(f, cv_buf_view(&with), &longer));
        const struct cv_bytes other = last_word(cv_buf_view(&longer));
        if (st == CV_OK && other.n > 1 && (other.n < word.n || memcmp(other.p, word.p, word.n) != 0)) {
            st = cv_buf_str(out, " ");
            st = CV_THEN(st, cv_buf_append(out, CV_BYTES(other.p, other.n - 1)));
        }
        cv_buf_free(&with);
    }
    cv_buf_free(&whole);
    cv_buf_free(&longer);
    return st;
}
