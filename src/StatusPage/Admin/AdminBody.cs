using System.Globalization;
using System.Text.Json;
using Podflare.Components;
using Podflare.Http;
using Podflare.Incidents;

namespace Podflare.Admin;

/// <summary>Reads a JSON body field by field. All errors are reported together, and a field that is not read is an error.</summary>
internal sealed class AdminBody
{
    private const int MaxBytes = 64 * 1024;

    private readonly Dictionary<string, JsonElement> _fields = [];
    private readonly Dictionary<string, string> _errors = [];
    private readonly HashSet<string> _read = [];

    private AdminBody(JsonElement root, string raw)
    {
        Raw = raw;
        if (root.ValueKind != JsonValueKind.Object)
        {
            _errors["body"] = "must be a JSON object";
            return;
        }

        foreach (var field in root.EnumerateObject())
        {
            if (!_fields.TryAdd(field.Name, field.Value)) _errors[field.Name] = "is given twice";
        }
    }

    public string Raw { get; }

    public static async Task<AdminBody> ReadAsync(HttpContext context)
    {
        using var memory = new MemoryStream();
        await context.Request.Body.CopyToAsync(memory, context.RequestAborted);
        if (memory.Length > MaxBytes) throw new RequestRejectedException(413, "body_too_large", "the body is larger than 64 KiB");
        if (memory.Length == 0) return new AdminBody(JsonDocument.Parse("{}").RootElement, "");
        try
        {
            var raw = new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetString(memory.ToArray());
            return new AdminBody(JsonDocument.Parse(raw, new JsonDocumentOptions { MaxDepth = 16 }).RootElement, raw);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new RequestRejectedException(400, "invalid_request", "the body is not valid JSON");
        }
    }

    public string Text(string name, int max) => OptionalText(name, max) ?? AddMissing(name, "");

    public string? OptionalText(string name, int max, bool lines = true)
    {
        if (!TryGet(name, JsonValueKind.String, out var value)) return null;
        string text;
        try
        {
            text = value.GetString()!.Trim();
        }
        catch (InvalidOperationException)
        {
            return AddError<string>(name, "contains an unpaired surrogate");
        }

        if (text.Length == 0) return AddError<string>(name, "must not be empty");
        if (text.Length > max) return AddError<string>(name, $"must not be longer than {max} characters");
        return text.Any(c => char.IsControl(c) && !(lines && c is '\n' or '\r' or '\t')) ? AddError<string>(name, "contains control characters") : text;
    }

    /// <summary>Reads a text without line breaks, which may become the subject of a mail.</summary>
    public string SingleLine(string name, int max) => OptionalText(name, max, lines: false) ?? AddMissing(name, "");

    public DateTimeOffset? Time(string name)
    {
        if (!TryGet(name, JsonValueKind.String, out var value)) return null;
        return DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && at.Year is > 2000 and < 2200
            ? at.ToUniversalTime()
            : AddError<DateTimeOffset?>(name, "must be a time such as 2026-05-01T10:00:00Z");
    }

    public DateTimeOffset RequiredTime(string name) => Time(name) ?? AddMissing<DateTimeOffset>(name, default);

    public bool Boolean(string name, bool otherwise)
    {
        _read.Add(name);
        if (!_fields.TryGetValue(name, out var value)) return otherwise;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : AddError<bool>(name, "must be true or false");
    }

    public Stage? Stage(string name)
    {
        if (OptionalText(name, 40) is not { } text) return null;
        return Stages.ParseIncident(text) ?? AddError<Stage?>(name, "must be investigating, identified, monitoring, resolved or postmortem");
    }

    public Impact? Impact(string name)
    {
        if (OptionalText(name, 40) is not { } text) return null;
        return text switch
        {
            "none" => Components.Impact.None,
            "minor" => Components.Impact.Minor,
            "major" => Components.Impact.Major,
            "critical" => Components.Impact.Critical,
            _ => AddError<Impact?>(name, "must be none, minor, major or critical"),
        };
    }

    public ComponentStatus Status(string name)
    {
        if (OptionalText(name, 40) is not { } text) return AddMissing(name, ComponentStatus.NoData);
        return ComponentStatuses.Parse(text) ?? AddError<ComponentStatus>(name, StatusRule);
    }

    /// <summary>Reads an object that maps component ids to statuses.</summary>
    public Dictionary<string, ComponentStatus>? Statuses(string name)
    {
        if (!TryGet(name, JsonValueKind.Object, out var value)) return null;
        var all = new Dictionary<string, ComponentStatus>();
        foreach (var field in value.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.String && ComponentStatuses.Parse(field.Value.GetString()) is { } status) all[field.Name] = status;
            else AddError<bool>($"{name}.{field.Name}", StatusRule);
        }

        return all;
    }

    public List<string> StringList(string name)
    {
        if (!TryGet(name, JsonValueKind.Array, out var value)) return AddMissing(name, new List<string>());
        var all = value.EnumerateArray().ToArray();
        return all.Length <= 50 && all.All(v => v.ValueKind == JsonValueKind.String) ? [.. all.Select(v => v.GetString()!)] : AddError<List<string>>(name, "must be a list of component ids") ?? [];
    }

    /// <exception cref="RequestRejectedException">A field is missing, invalid or unknown.</exception>
    public void ThrowIfInvalid()
    {
        foreach (var unknown in _fields.Keys.Except(_read)) _errors.TryAdd(unknown.Length > 60 ? unknown[..60] : unknown, "is not a field of this request");
        if (_errors.Count == 0) return;
        throw new RequestRejectedException(400, "invalid_request", string.Join("; ", _errors.Take(5).Select(e => $"{e.Key}: {e.Value}"))) { Errors = _errors };
    }

    private const string StatusRule = "must be operational, degraded_performance, partial_outage, major_outage or under_maintenance";

    private bool TryGet(string name, JsonValueKind kind, out JsonElement value)
    {
        _read.Add(name);
        if (!_fields.TryGetValue(name, out value) || value.ValueKind == JsonValueKind.Null) return false;
        if (value.ValueKind == kind) return true;
        AddError<bool>(name, $"must be {(kind == JsonValueKind.Array ? "a list" : kind == JsonValueKind.Object ? "an object" : "a string")}");
        return false;
    }

    private T AddMissing<T>(string name, T otherwise)
    {
        _errors.TryAdd(name, "is required");
        return otherwise;
    }

    private T? AddError<T>(string name, string message)
    {
        _errors.TryAdd(name, message);
        return default;
    }
}
