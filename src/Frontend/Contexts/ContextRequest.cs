using System.Collections.Immutable;
using Podflare.Files;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Runs;

namespace Podflare.Contexts;

/// <summary>Parses the body of a request to create a context.</summary>
internal static class ContextRequest
{
    private const int MaxId = 64;

    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static ContextSpec Parse(ReadOnlySpan<byte> utf8, int maxEnvBytes) =>
        // All fields are optional, so no body means the same as an empty object.
        JsonFieldReader.Read(utf8.IsEmpty ? "{}"u8 : utf8, (fields, errors) =>
        {
            string? id = null, cwd = null, language = null;
            var env = ImmutableSortedDictionary<string, string>.Empty;
            while (fields.Next())
            {
                if (fields.Is("id")) id = fields.Text(MaxId);
                else if (fields.Is("language")) language = fields.Word("python", "bash");
                else if (fields.Is("cwd")) cwd = PathField.Absolute(ref fields);
                else if (fields.Is("env")) env = RequestFields.Env(ref fields, maxEnvBytes);
                else fields.Skip();
            }

            var named = default(ContextId);
            if (id is not null && !ContextId.TryParse(id, null, out named)) errors.Add("id", $"must be 1 to {MaxId} of a-z, 0-9, _ and -, the first a letter or digit");
            errors.ThrowIfAny();
            return new ContextSpec(id is null ? null : named, language == "bash" ? RunLanguage.Bash : RunLanguage.Python, cwd, env);
        });
}
