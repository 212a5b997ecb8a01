namespace Podflare.Problems;

/// <summary>What is wrong with a request, by field. Field names come from the caller, so long ones are shortened and only the first few are kept.</summary>
internal sealed class FieldErrors
{
    private const int MaxFields = 20;
    private const int MaxName = 80;
    private readonly List<KeyValuePair<string, string>> _errors = [];

    public bool Any => _errors.Count > 0;

    public IReadOnlyList<KeyValuePair<string, string>> All => _errors;

    public void Add(string field, string message)
    {
        if (field.Length > MaxName) field = field[..MaxName];
        // Cutting a surrogate pair in half would leave text that JSON cannot represent.
        if (field.Length > 0 && char.IsHighSurrogate(field[^1])) field = field[..^1];
        if (_errors.Count < MaxFields && !_errors.Exists(error => error.Key == field)) _errors.Add(new(field, message));
    }

    public ProblemException ToException() =>
        new(new Problem(400, "invalid_request", $"invalid request: {_errors[0].Key} {_errors[0].Value}") { Errors = this });

    public void ThrowIfAny()
    {
        if (Any) throw ToException();
    }
}
