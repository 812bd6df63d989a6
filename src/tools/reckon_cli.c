/* reckon-cli: the C side of the command, on container files only. The only file with stdio.
 *
 *   train EVENTS.rkev --out R.rk [--region R]        an events file to a snapshot
 *   evaluate EVENTS.rkev --protocol P [--k 10,20] [--sample F] [--predictions FILE.csv]
 *   recommend SNAPSHOT.rk --sessions EVENTS.rkev [--count N] [--keep-seen] [--location LAT,LON]
 *       [--user NAME=VALUE[,NAME=VALUE]...]          the same for all sessions
 *   tune SNAPSHOT.rk --events EVENTS.rkev [--protocol P] [--k N] [--settings N] [--cases N]
 *       [--guard NAME=PERCENT%|NAME=off]... [--clip X]   value weights and quotas by replay
 *   off-policy TABLE     estimates from a log of decisions (learn/off_policy_table.h), as JSON
 *   transfer SOURCE.rk --events EVENTS.rkev --out R.rk [--region R]   another region's help
 *   inspect FILE      verify FILE
 * Shared by train, evaluate and transfer: [--seed N] [--threads N] [--set name=value]...
 *
 * stdout: the answer (JSON; TSV for recommend). stderr: lines for the program that runs this one,
 *   @progress STAGE DONE TOTAL UNIT      @note TEXT      reckon-cli: STATUS: message (where:
 * detail) Exit status: 0 done, 1 refused, 2 usage. Outputs are written beside and renamed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "format/delta_read.h"
#include "learn/log.h"
#include "learn/off_policy_table.h"
#include "reckon.h"
#include "reckon_learn.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

#define PROTOCOLS "leave-one-out|temporal|temporal-global|sessions|cold-item|cold-user"

/* ---- errors ---------------------------------------------------------------------------------- */

static int usage(const char *problem, const char *what) {
    fprintf(
        stderr,
        "reckon-cli: %s%s%s\n"
        "usage: reckon-cli train EVENTS.rkev --out R.rk [--region R] [--seed N] [--threads N] "
        "[--set name=value]...\n"
        "       reckon-cli evaluate EVENTS.rkev --protocol " PROTOCOLS
        " [--k 10,20] [--sample F] [--predictions FILE.csv] [--seed N] [--threads N] "
        "[--set name=value]...\n"
        "       reckon-cli recommend SNAPSHOT.rk --sessions EVENTS.rkev [--count N] [--keep-seen] "
        "[--location LAT,LON] [--user NAME=VALUE,...]\n"
        "       reckon-cli tune SNAPSHOT.rk --events EVENTS.rkev [--protocol P] [--k N] "
        "[--settings N] [--cases N] [--guard NAME=5%%|NAME=off]... [--clip X] [--seed N] "
        "[--threads N] [--set located=1]\n"
        "       reckon-cli off-policy TABLE\n"
        "       reckon-cli transfer SOURCE.rk --events EVENTS.rkev --out R.rk [--region R] "
        "[--seed N] [--threads N] [--set name=value]...\n"
        "       reckon-cli inspect|verify FILE\n",
        problem, what ? ": " : "", what ? what : "");
    return EXIT_USAGE;
}

static int refuse(const rk_error *error) {
    fprintf(stderr, "reckon-cli: %s: %s", rk_status_name(error->status),
            rk_status_message(error->status));
    if (error->section[0]) {
        fprintf(stderr, " (section %s, offset %" PRIu64, error->section, error->offset);
    } else {
        fprintf(stderr, " (offset %" PRIu64, error->offset);
    }
    fprintf(stderr, "%s%s)\n", error->detail[0] ? ": " : "", error->detail);
    return EXIT_REFUSED;
}

static int refuse_file(const char *path, const char *why) {
    fprintf(stderr, "reckon-cli: %s: %s (%s: %s)\n", rk_status_name(RK_IO),
            rk_status_message(RK_IO), path, why);
    return EXIT_REFUSED;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Reads a whole file into 64-byte aligned memory. NULL: *why says what failed. */
static unsigned char *read_file(const char *path, rk_memory *memory, uint64_t *bytes,
                                const char **why) {
    FILE *file = fopen(path, "rb");
    *why = "cannot be opened";
    if (!file) return NULL;
    unsigned char *data = NULL;
    long size = -1;
    if (fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    if (size >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        *why = "does not fit in memory";
        data = RK_NEW(memory, unsigned char, (uint64_t)size);
    } else {
        *why = "cannot be read";
    }
    if (data && fread(data, 1, (size_t)size, file) != (size_t)size) {
        *why = "cannot be read";
        data = NULL;
    }
    fclose(file);
    *bytes = size < 0 ? 0 : (uint64_t)size;
    return data;
}

/* "<path>.tmp", in `memory`. */
static char *beside(const char *path, rk_memory *memory) {
    size_t size = strlen(path);
    char *name = RK_NEW(memory, char, size + 5);
    if (!name) return NULL;
    memcpy(name, path, size);
    memcpy(name + size, ".tmp", 5);
    return name;
}

static int write_file(const char *path, const void *data, uint64_t bytes, rk_memory *memory) {
    char *temporary = beside(path, memory);
    FILE *file = temporary ? fopen(temporary, "wb") : NULL;
    if (!file) return refuse_file(path, "cannot be created");
    bool ok = fwrite(data, 1, (size_t)bytes, file) == bytes;
    ok = fclose(file) == 0 && ok;
    ok = ok && rename(temporary, path) == 0;
    if (ok) return 0;
    remove(temporary);
    return refuse_file(path, "cannot be written");
}

/* ---- progress -------------------------------------------------------------------------------- */

static void print_progress(void *context, const char *stage, uint64_t done, uint64_t total,
                           const char *unit) {
    (void)context;
    fprintf(stderr, "@progress %s %" PRIu64 " %" PRIu64 " %s\n", stage, done, total, unit);
}

static void print_note(void *context, const char *text) {
    (void)context;
    fprintf(stderr, "@note %s\n", text);
}

/* ---- arguments ------------------------------------------------------------------------------- */

typedef struct arguments {
    const char *file, *out, *region, *protocol, *cutoffs, *sample, *predictions, *sessions, *count,
        *location, *user, *events, *settings, *cases, *clip;
    bool keep_seen;
    rk_learn_options learn;
    rk_tune_options tune;
} arguments;

static bool parse_u64(const char *text, uint64_t most, uint64_t *out) {
    char *end;
    if (*text < '0' || *text > '9') return false;
    unsigned long long value = strtoull(text, &end, 10);
    *out = value;
    return *end == 0 && value <= most;
}

/* The value of "name=value", and its name; NULL if it is none. */
static const char *value_of(const char *setting, char name[64]) {
    const char *equals = strchr(setting, '=');
    if (!equals || (size_t)(equals - setting) >= 64) return NULL;
    memcpy(name, setting, (size_t)(equals - setting));
    name[equals - setting] = 0;
    return equals + 1;
}

/* "name=value" of --set. */
static bool apply_setting(rk_learn_options *options, const char *setting) {
    char name[64];
    const char *value = value_of(setting, name);
    return value && rk_learn_set(options, name, value);
}

/* "coverage=-5%" of --guard. */
static bool apply_guard(rk_tune_options *options, const char *guard) {
    char name[64];
    const char *value = value_of(guard, name);
    return value && rk_tune_set_guard(options, name, value);
}

static bool apply_option(arguments *args, const char *name, const char *value) {
    const struct {
        const char *name;
        const char **field;
    } texts[] = {{"--out", &args->out},           {"--region", &args->region},
                 {"--protocol", &args->protocol}, {"--k", &args->cutoffs},
                 {"--sample", &args->sample},     {"--predictions", &args->predictions},
                 {"--sessions", &args->sessions}, {"--count", &args->count},
                 {"--location", &args->location}, {"--user", &args->user},
                 {"--events", &args->events},     {"--settings", &args->settings},
                 {"--cases", &args->cases},       {"--clip", &args->clip}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(name, texts[i].name) != 0) continue;
        *texts[i].field = value;
        return true;
    }
    uint64_t number;
    if (strcmp(name, "--seed") == 0) return parse_u64(value, UINT64_MAX, &args->learn.seed);
    if (strcmp(name, "--set") == 0) return apply_setting(&args->learn, value);
    if (strcmp(name, "--guard") == 0) return apply_guard(&args->tune, value);
    if (strcmp(name, "--threads") == 0 && parse_u64(value, 64, &number) && number > 0) {
        args->learn.threads = (uint32_t)number;
        return true;
    }
    return false;
}

/* False: a usage error has been printed. */
static bool parse_arguments(int count, char **values, arguments *args) {
    *args = (arguments){.region = "default", .sample = "1", .count = "20"};
    args->tune = rk_tune_defaults();
    args->learn = rk_learn_defaults();
    args->learn.progress = print_progress;
    args->learn.note = print_note;
    for (int i = 2; i < count; i++) {
        const char *name = values[i];
        if (strcmp(name, "--keep-seen") == 0) {
            args->keep_seen = true;
        } else if (name[0] != '-') {
            if (args->file) return usage("one file at a time", name), false;
            args->file = name;
        } else if (i + 1 == count) {
            return usage("an option without its value", name), false;
        } else if (!apply_option(args, name, values[++i])) {
            return usage("an unknown option or a bad value", name), false;
        }
    }
    if (!args->file) return usage("a file is missing", NULL), false;
    return true;
}

/* ---- train, evaluate ------------------------------------------------------------------------- */

static int read_events(const arguments *args, rk_memory *memory, rk_events_view *events) {
    uint64_t bytes;
    const char *why;
    rk_error error;
    unsigned char *data = read_file(args->file, memory, &bytes, &why);
    if (!data) return refuse_file(args->file, why);
    return rk_events_read(data, bytes, events, &error) == RK_OK ? 0 : refuse(&error);
}

static int command_train(arguments *args, rk_memory *memory) {
    rk_events_view events;
    rk_error error;
    unsigned char *snapshot;
    uint64_t bytes;
    if (!args->out) return usage("--out is missing", NULL);
    if (strlen(args->region) > 31) return usage("a region has at most 31 bytes", args->region);
    int status = read_events(args, memory, &events);
    if (status) return status;
    if (rk_learn_snapshot(&events, args->region, &args->learn, memory, &snapshot, &bytes, &error) !=
        RK_OK) {
        return refuse(&error);
    }
    return write_file(args->out, snapshot, bytes, memory);
}

static bool parse_protocol(const char *name, rk_protocol *protocol) {
    for (uint32_t p = 0; name && p < RK_PROTOCOLS; p++) {
        *protocol = (rk_protocol)p;
        if (strcmp(name, rk_protocol_name(*protocol)) == 0) return true;
    }
    return false;
}

/* Cases of one user that differ in how many events they ask with. */
static bool asks_prefixes(const rk_events_content *events, rk_protocol protocol) {
    return protocol == RK_PROTOCOL_SESSIONS || (protocol == RK_PROTOCOL_TEMPORAL_GLOBAL &&
                                                events->meta.user_kind == RK_USERS_ARE_SESSIONS);
}

/* "10,20": ascending, each 1..RK_MAX_COUNT. */
static bool parse_cutoffs(const char *text, rk_evaluate_options *options) {
    options->cutoff_count = 0;
    for (;;) {
        char *end;
        unsigned long value = strtoul(text, &end, 10);
        bool first = options->cutoff_count == 0;
        if (end == text || value < 1 || value > RK_MAX_COUNT) return false;
        if (options->cutoff_count == RK_MAX_CUTOFFS) return false;
        if (!first && value <= options->cutoffs[options->cutoff_count - 1]) return false;
        options->cutoffs[options->cutoff_count++] = (uint32_t)value;
        if (*end == 0) return true;
        if (*end != ',') return false;
        text = end + 1;
    }
}

/* Text and a suffix that needs no quoting, as one CSV field. */
static void print_csv_field(FILE *file, const char *text, uint32_t bytes, const char *suffix) {
    bool quote = false;
    for (uint32_t i = 0; i < bytes; i++) quote |= (text[i] && strchr(",\"\r\n", text[i]) != NULL);
    if (quote) fputc('"', file);
    for (uint32_t i = 0; i < bytes; i++) {
        if (text[i] == '"') fputc('"', file);
        fputc(text[i], file);
    }
    fputs(suffix, file);
    if (quote) fputc('"', file);
}

typedef struct predictions {
    FILE *file;
    bool prefixes; /* a session has many cases: its first 1, 2, ... events */
} predictions;

/* The case is the user or session, and where a session has many a column of its own would break the
 * four of the format: there the number of events asked with follows the id, "s17#3". */
static void print_prediction(void *context, const char *user, uint32_t user_bytes,
                             uint32_t case_index, uint32_t history_events, uint32_t rank,
                             const char *item, uint32_t item_bytes, float score) {
    const predictions *out = context;
    FILE *file = out->file;
    (void)case_index;
    char prefix[16] = "";
    if (out->prefixes) snprintf(prefix, sizeof prefix, "#%" PRIu32, history_events);
    print_csv_field(file, user, user_bytes, prefix);
    fprintf(file, ",%" PRIu32 ",", rank);
    print_csv_field(file, item, item_bytes, "");
    fprintf(file, ",%.9g\n", (double)score);
}

static int command_evaluate(arguments *args, rk_memory *memory) {
    rk_events_view events;
    rk_evaluate_options options = {0};
    char *json, *end, *temporary = NULL;
    uint64_t bytes;
    rk_error error;
    FILE *predictions = NULL;
    struct predictions out;
    if (!parse_protocol(args->protocol, &options.protocol)) {
        return usage("--protocol is " PROTOCOLS, args->protocol);
    }
    if (!args->cutoffs) args->cutoffs = "10,20";
    if (!parse_cutoffs(args->cutoffs, &options)) {
        return usage("--k is ascending numbers from 1 to 1000", args->cutoffs);
    }
    options.sample = strtod(args->sample, &end);
    if (end == args->sample || *end || !(options.sample > 0.0 && options.sample <= 1.0)) {
        return usage("--sample is a fraction, above 0 and at most 1", args->sample);
    }
    int status = read_events(args, memory, &events);
    if (status) return status;
    if (args->predictions) {
        temporary = beside(args->predictions, memory);
        predictions = temporary ? fopen(temporary, "wb") : NULL;
        if (!predictions) return refuse_file(args->predictions, "cannot be created");
        fputs("case,rank,item,score\n", predictions);
        options.prediction = print_prediction;
        out = (struct predictions){.file = predictions,
                                   .prefixes = asks_prefixes(&events.content, options.protocol)};
        options.context = &out;
    }
    rk_status learnt =
        rk_learn_evaluate(&events, &args->learn, &options, memory, &json, &bytes, &error);
    if (predictions) {
        bool ok = !ferror(predictions);
        ok = fclose(predictions) == 0 && ok && learnt == RK_OK;
        ok = ok && rename(temporary, args->predictions) == 0;
        if (!ok) remove(temporary);
        if (!ok && learnt == RK_OK) return refuse_file(args->predictions, "cannot be written");
    }
    if (learnt != RK_OK) return refuse(&error);
    fwrite(json, 1, (size_t)bytes, stdout);
    fputc('\n', stdout);
    return 0;
}

/* ---- recommend ------------------------------------------------------------------------------- */

static int open_engine(const char *path, rk_memory *memory, rk_engine **engine) {
    uint64_t bytes, engine_bytes;
    const char *why;
    rk_error error;
    unsigned char *data = read_file(path, memory, &bytes, &why);
    if (!data) return refuse_file(path, why);
    if (rk_engine_measure(data, bytes, &engine_bytes, &error) != RK_OK) return refuse(&error);
    void *scratch = rk_memory_take(memory, engine_bytes, 1);
    if (!scratch) return refuse_file(path, "does not fit in memory");
    if (rk_engine_open(data, bytes, scratch, engine_bytes, engine, &error) != RK_OK)
        return refuse(&error);
    return 0;
}

/* Event of a session in the snapshot's numbers; false if the snapshot does not know the item. */
static bool map_event(const rk_engine *engine, const rk_events_content *events, uint64_t row,
                      rk_event *out) {
    const char *text;
    uint32_t bytes = rk_strings_get(&events->items, events->item[row], &text);
    *out = (rk_event){.time_ms = events->time ? events->time[row] : 0};
    out->item = rk_item_find(engine, text, bytes);
    uint32_t type = rk_event_type(events, events->label[row]);
    bytes = rk_strings_get(&events->types, type, &text);
    out->type = rk_event_find(engine, text, bytes);
    return out->item != RK_NONE;
}

static void print_answers(const rk_engine *engine, const char *session, uint32_t session_bytes,
                          const rk_recommendation *list, uint32_t found) {
    for (uint32_t i = 0; i < found; i++) {
        const char *id;
        uint32_t id_bytes = rk_item_id(engine, list[i].item, &id), bits;
        memcpy(&bits, &list[i].score, sizeof bits);
        fwrite(session, 1, session_bytes, stdout);
        printf("\t%" PRIu32 "\t", i + 1);
        fwrite(id, 1, id_bytes, stdout);
        printf("\t%.9g\t%08" PRIx32 "\n", (double)list[i].score, bits);
    }
}

/* "LAT,LON"; the ranges are the engine's to check. */
static bool read_location(const char *text, rk_request *request) {
    char *end;
    if (!text) return true;
    request->flags |= RK_REQUEST_LOCATION;
    request->latitude = (float)strtod(text, &end);
    if (end == text || *end != ',') return false;
    text = end + 1;
    request->longitude = (float)strtod(text, &end);
    return end != text && *end == 0;
}

/* "country=DE,device=mobile" to the rows of the features. */
static bool read_user(const rk_engine *engine, const char *text, uint32_t *features,
                      rk_request *request) {
    request->features = features;
    while (text) {
        const char *equals = strchr(text, '='), *comma = strchr(text, ',');
        size_t bytes = comma ? (size_t)(comma - text) : strlen(text);
        if (!equals || equals >= text + bytes) return false;
        if (request->feature_count == RK_MAX_USER_FEATURES) return false;
        uint32_t name_bytes = (uint32_t)(equals - text);
        uint32_t feature =
            rk_user_feature(engine, text, name_bytes, equals + 1, (uint32_t)bytes - name_bytes - 1);
        if (feature == RK_NONE) return false;
        features[request->feature_count++] = feature;
        text = comma ? comma + 1 : NULL;
    }
    return true;
}

static int command_recommend(arguments *args, rk_memory *memory) {
    rk_engine *engine;
    rk_events_view events;
    uint64_t count;
    if (!args->sessions) return usage("--sessions is missing", NULL);
    if (!parse_u64(args->count, RK_MAX_COUNT, &count) || count < 1) {
        return usage("--count is a number from 1 to 1000", args->count);
    }
    int status = open_engine(args->file, memory, &engine);
    if (status) return status;
    args->file = args->sessions;
    status = read_events(args, memory, &events);
    if (status) return status;
    const rk_events_content *content = &events.content;
    for (uint32_t type = 0; type < content->meta.types; type++) {
        const char *name;
        uint32_t bytes = rk_strings_get(&content->types, type, &name);
        rk_error unknown;
        if (rk_event_find(engine, name, bytes) != RK_NONE) continue;
        rk_fail(&unknown, RK_UNKNOWN_EVENT, "type.txt", type,
                "an event the snapshot does not have");
        return refuse(&unknown);
    }
    uint32_t features[RK_MAX_USER_FEATURES];
    rk_request asked = {.count = (uint32_t)count,
                        .flags = args->keep_seen ? RK_REQUEST_KEEP_SEEN : 0};
    if (!read_location(args->location, &asked))
        return usage("--location is LAT,LON", args->location);
    if (!read_user(engine, args->user, features, &asked))
        return usage("--user is NAME=VALUE,... of features the snapshot knows", args->user);
    rk_event *session = RK_NEW(memory, rk_event, RK_MAX_SESSION);
    rk_recommendation *list = RK_NEW(memory, rk_recommendation, count);
    if (!session || !list) return refuse_file(args->sessions, "does not fit in memory");
    for (uint64_t begin = 0, end = 0; begin < content->meta.events; begin = end) {
        rk_request request = asked;
        request.session = session;
        for (; end < content->meta.events && content->user[end] == content->user[begin]; end++) {
            if (request.session_count == RK_MAX_SESSION) {
                memmove(session, session + 1, (RK_MAX_SESSION - 1) * sizeof *session);
                request.session_count--;
            }
            request.session_count +=
                map_event(engine, content, end, &session[request.session_count]);
        }
        uint32_t found;
        rk_error error;
        if (rk_recommend(engine, &request, list, &found, &error) != RK_OK) return refuse(&error);
        const char *name;
        uint32_t name_bytes = rk_strings_get(&content->users, content->user[begin], &name);
        print_answers(engine, name, name_bytes, list, found);
    }
    return 0;
}

/* ---- tune ------------------------------------------------------------------------------------ */

static int open_snapshot(const char *path, rk_memory *memory, rk_snapshot_view *snapshot) {
    uint64_t bytes;
    const char *why;
    rk_error error;
    unsigned char *data = read_file(path, memory, &bytes, &why);
    if (!data) return refuse_file(path, why);
    if (rk_snapshot_open(data, bytes, snapshot, &error) != RK_OK) return refuse(&error);
    return rk_snapshot_verify(snapshot, &error) == RK_OK ? 0 : refuse(&error);
}

/* Text to a number of 1..most, if there is text. */
static bool read_number(const char *text, uint64_t most, uint32_t *out) {
    uint64_t number = *out;
    if (text && (!parse_u64(text, most, &number) || number < 1)) return false;
    *out = (uint32_t)number;
    return true;
}

static int read_tuning(arguments *args) {
    rk_tune_options *tune = &args->tune;
    if (!args->events) return usage("--events is missing", NULL);
    if (args->protocol) {
        tune->has_protocol = true;
        if (!parse_protocol(args->protocol, &tune->protocol) ||
            tune->protocol == RK_PROTOCOL_COLD_ITEM || tune->protocol == RK_PROTOCOL_COLD_USER) {
            return usage("--protocol is leave-one-out|temporal|temporal-global|sessions",
                         args->protocol);
        }
    }
    if (!read_number(args->cutoffs, RK_MOST_SHOWN, &tune->k))
        return usage("--k is a number from 1 to 100", args->cutoffs);
    if (!read_number(args->settings, RK_MOST_SETTINGS, &tune->configurations))
        return usage("--settings is a number from 1 to 256", args->settings);
    if (!read_number(args->cases, 1000000, &tune->cases))
        return usage("--cases is a number from 1 to 1000000", args->cases);
    char *end = NULL;
    if (args->clip) tune->clip = strtod(args->clip, &end);
    if (args->clip && (end == args->clip || *end || !(tune->clip >= 1.0 && tune->clip <= 1e9)))
        return usage("--clip is a number from 1 to 1e9", args->clip);
    return 0;
}

static int command_tune(arguments *args, rk_memory *memory) {
    rk_snapshot_view snapshot;
    rk_events_view events;
    rk_error error;
    char *json;
    uint64_t bytes;
    int status = read_tuning(args);
    if (status == 0) status = open_snapshot(args->file, memory, &snapshot);
    args->file = args->events;
    if (status == 0) status = read_events(args, memory, &events);
    if (status) return status;
    if (rk_learn_tune(&snapshot, &events, &args->learn, &args->tune, memory, &json, &bytes,
                      &error) != RK_OK) {
        return refuse(&error);
    }
    fwrite(json, 1, (size_t)bytes, stdout);
    fputc('\n', stdout);
    return 0;
}

/* ---- off-policy ------------------------------------------------------------------------------ */

/* Every digit, so that whoever recomputes it can compare; NaN is null. */
static void print_number(const char *before, double value) {
    if (value == value)
        printf("%s%.17g", before, value);
    else
        printf("%snull", before);
}

static int command_off_policy(arguments *args, rk_memory *memory) {
    static const char *const names[RK_ESTIMATORS] = {"ips", "snips", "dm", "dr"};
    uint64_t bytes, rows;
    const char *why;
    char warning[RK_OFF_POLICY_TEXT];
    rk_off_policy result;
    rk_error error;
    unsigned char *data = read_file(args->file, memory, &bytes, &why);
    if (!data) return refuse_file(args->file, why);
    if (rk_off_policy_table_estimate(data, bytes, memory, &result, &rows, &error) != RK_OK)
        return refuse(&error);
    rk_off_policy_warning(&result, rows, warning);
    printf("{\"rows\":%" PRIu64, rows);
    print_number(",\"logged\":", result.logged);
    printf(",\"estimates\":{");
    for (int e = 0; e < RK_ESTIMATORS; e++) {
        printf("%s\"%s\":", e ? "," : "", names[e]);
        print_number("{\"value\":", result.estimate[e].value);
        print_number(",\"low\":", result.estimate[e].low);
        print_number(",\"high\":", result.estimate[e].high);
        printf("}");
    }
    print_number("},\"effective\":", result.effective);
    print_number(",\"mean_weight\":", result.mean_weight);
    print_number(",\"largest_share\":", result.largest_share);
    printf(",\"warning\":\"%s\"}\n", warning);
    return 0;
}

/* ---- transfer -------------------------------------------------------------------------------- */

static int command_transfer(arguments *args, rk_memory *memory) {
    rk_snapshot_view source;
    rk_events_view events;
    rk_error error;
    unsigned char *snapshot;
    uint64_t bytes;
    if (!args->out) return usage("--out is missing", NULL);
    if (!args->events) return usage("--events is missing", NULL);
    if (strlen(args->region) > 31) return usage("a region has at most 31 bytes", args->region);
    int status = open_snapshot(args->file, memory, &source);
    args->file = args->events;
    if (status == 0) status = read_events(args, memory, &events);
    if (status) return status;
    if (rk_learn_transfer(&source, &events, args->region, &args->learn, memory, &snapshot, &bytes,
                          &error) != RK_OK) {
        return refuse(&error);
    }
    return write_file(args->out, snapshot, bytes, memory);
}

/* ---- inspect, verify ------------------------------------------------------------------------- */

/* Opens and validates a file of any kind. */
static int open_any(const char *path, rk_memory *memory, rk_container *container) {
    uint64_t bytes;
    const char *why;
    rk_error error;
    unsigned char *data = read_file(path, memory, &bytes, &why);
    if (!data) return refuse_file(path, why);
    if (rk_container_open(data, bytes, 0, container, &error) != RK_OK) return refuse(&error);
    rk_status status;
    if (container->header->kind == RK_KIND_EVENTS) {
        rk_events_view events;
        status = rk_events_read(data, bytes, &events, &error);
    } else if (container->header->kind == RK_KIND_SNAPSHOT) {
        rk_snapshot_view snapshot;
        status = rk_snapshot_open(data, bytes, &snapshot, &error);
        if (status == RK_OK) status = rk_snapshot_verify(&snapshot, &error);
    } else if (container->header->kind == RK_KIND_DELTA) {
        rk_delta_view delta;
        status = rk_delta_read(data, bytes, &delta, &error);
    } else {
        status = rk_container_verify(container, &error);
    }
    return status == RK_OK ? 0 : refuse(&error);
}

static void print_hex(const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) printf("%02x", bytes[i]);
}

static int command_inspect(arguments *args, rk_memory *memory) {
    static const char *const kinds[] = {"unknown", "events", "snapshot", "delta"};
    static const char *const parts[] = {"core", "vectors", "text", "unknown"};
    rk_container container;
    int status = open_any(args->file, memory, &container);
    if (status) return status;
    const rk_file_header *header = container.header;
    printf("{\"kind\":\"%s\",\"bytes\":%" PRIu64 ",\"content_id\":\"", kinds[header->kind & 3],
           header->file_bytes);
    print_hex(header->content_id, sizeof header->content_id);
    printf("\",\"created_at_ms\":%" PRId64 ",\"sections\":[", header->created_at_ms);
    for (uint32_t i = 0; i < header->section_count; i++) {
        const rk_section_entry *entry = &container.entries[i];
        uint32_t part = (entry->flags & RK_SECTION_PART_MASK) >> RK_SECTION_PART_SHIFT;
        printf("%s{\"type\":\"%.8s\",\"part\":\"%s\",\"offset\":%" PRIu64 ",\"bytes\":%" PRIu64
               ",\"count\":%" PRIu64 ",\"sha256\":\"",
               i ? "," : "", entry->type, parts[part], entry->offset, entry->bytes, entry->count);
        print_hex(entry->sha256, sizeof entry->sha256);
        printf("\"}");
    }
    printf("]");
    const rk_section_entry *report = rk_container_find(&container, "report");
    if (report) printf(",\"report\":%.*s", (int)report->bytes, container.bytes + report->offset);
    printf("}\n");
    return 0;
}

static int command_verify(arguments *args, rk_memory *memory) {
    rk_container container;
    int status = open_any(args->file, memory, &container);
    if (status == 0)
        printf("%s: valid, %" PRIu64 " bytes\n", args->file, container.header->file_bytes);
    return status;
}

int main(int count, char **values) {
    static const struct {
        const char *name;
        int (*run)(arguments *, rk_memory *);
    } commands[] = {{"train", command_train},         {"evaluate", command_evaluate},
                    {"recommend", command_recommend}, {"tune", command_tune},
                    {"transfer", command_transfer},   {"off-policy", command_off_policy},
                    {"inspect", command_inspect},     {"verify", command_verify}};
    if (count < 2) return usage("a command is missing", NULL);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        arguments args;
        if (strcmp(values[1], commands[i].name) != 0) continue;
        if (!parse_arguments(count, values, &args)) return EXIT_USAGE;
        rk_memory memory = {0};
        int status = commands[i].run(&args, &memory);
        rk_memory_free(&memory);
        if (fflush(stdout) != 0) return EXIT_REFUSED;
        return status;
    }
    return usage("an unknown command", values[1]);
}
