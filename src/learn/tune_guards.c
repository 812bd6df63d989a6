#include "learn/tune_guards.h"

#include "format/decimal.h"

static const char *const names[RK_FIGURES] = {
    [RK_FIGURE_REWARD] = "reward",         [RK_FIGURE_NDCG] = "ndcg",
    [RK_FIGURE_COVERAGE] = "coverage",     [RK_FIGURE_NOVELTY] = "novelty",
    [RK_FIGURE_DIVERSITY] = "diversity",   [RK_FIGURE_DISLIKES] = "dislikes",
    [RK_FIGURE_CANDIDATES] = "candidates",
};

const char *rk_figure_name(rk_figure figure) {
    return names[figure];
}

rk_tune_options rk_tune_defaults(void) {
    return (rk_tune_options){
        .k = 10,
        .configurations = 32,
        .cases = 8000,
        .clip = 100.0,
        .guards = {[RK_FIGURE_NDCG] = {true, 0.05},
                   [RK_FIGURE_COVERAGE] = {true, 0.1},
                   [RK_FIGURE_NOVELTY] = {true, 0.1},
                   [RK_FIGURE_DIVERSITY] = {true, 0.1},
                   [RK_FIGURE_DISLIKES] = {true, 0.05},
                   [RK_FIGURE_CANDIDATES] = {true, 0.5}},
    };
}

bool rk_tune_set_guard(rk_tune_options *options, const char *name, const char *value) {
    uint32_t figure = RK_FIGURE_REWARD + 1;
    while (figure < RK_FIGURES && strcmp(name, names[figure]) != 0) figure++;
    if (figure == RK_FIGURES) return false;
    rk_guard *guard = &options->guards[figure];
    if (strcmp(value, "off") == 0) {
        guard->on = false;
        return true;
    }
    value += *value == '-' || *value == '+';
    size_t bytes = strlen(value);
    double percent;
    if (bytes < 2 || bytes > 16 || value[bytes - 1] != '%' || *value == '-') return false;
    if (!rk_decimal_parse(value, (uint32_t)bytes - 1, &percent) || !(percent <= 1e6)) return false;
    *guard = (rk_guard){.on = true, .tolerance = percent / 100.0};
    return true;
}

bool rk_guard_is_upper(rk_figure figure) {
    return figure == RK_FIGURE_DISLIKES || figure == RK_FIGURE_CANDIDATES;
}

bool rk_guard_broken(rk_figure figure, const rk_guard *guard, double before, double after,
                     double widen, double slack) {
    /* An epsilon: 5 % of a sum is not to hang on its last bit. */
    double allowed = (before < 0.0 ? -before : before) * (guard->tolerance * widen + 1e-9) + slack;
    double worse = rk_guard_is_upper(figure) ? after - before : before - after;
    return guard->on && worse > allowed;
}
