using System.Collections.Immutable;

namespace Podflare.Keys;

/// <summary>What a key allows.</summary>
[Flags]
[GenerateSerializer, Alias("podflare.KeyScopes")]
public enum KeyScopes
{
    /// <summary>Nothing beyond reading about itself.</summary>
    None = 0,

    /// <summary>Every GET on the tenant's own sandboxes, runs, events, files and usage.</summary>
    Read = 1,

    /// <summary><see cref="Read"/>, and creating, changing and deleting sandboxes, runs and files.</summary>
    Sandboxes = 2,

    /// <summary>Managing the tenant's own keys and reading its audit log.</summary>
    Keys = 4,

    /// <summary>Reading <c>/metrics</c>.</summary>
    MetricsRead = 8,

    /// <summary>Tenants, hosts, and the keys, usage and audit log of every tenant. Neither <see cref="Sandboxes"/> nor <see cref="Read"/>.</summary>
    Admin = 16,
}

public static class KeyScopesExtensions
{
    private static readonly ImmutableArray<(KeyScopes Scope, string Name)> Names =
    [
        (KeyScopes.Read, "read"),
        (KeyScopes.Sandboxes, "sandboxes"),
        (KeyScopes.Keys, "keys"),
        (KeyScopes.MetricsRead, "metrics:read"),
        (KeyScopes.Admin, "admin"),
    ];

    /// <summary>The names of all scopes, in the order in which the API lists them.</summary>
    public static IEnumerable<string> AllNames => Names.Select(static known => known.Name);

    extension(KeyScopes scopes)
    {
        /// <summary>With the scopes that others include: <c>sandboxes</c> includes <c>read</c>; <c>admin</c> includes <c>keys</c> and <c>metrics:read</c>.</summary>
        public KeyScopes WithIncluded() =>
            scopes
            | ((scopes & KeyScopes.Sandboxes) != 0 ? KeyScopes.Read : 0)
            | ((scopes & KeyScopes.Admin) != 0 ? KeyScopes.Keys | KeyScopes.MetricsRead : 0);

        /// <summary>Whether a key with these scopes may do what needs all of <paramref name="required"/>.</summary>
        public bool Allows(KeyScopes required) => (required & ~scopes.WithIncluded()) == 0;

        /// <summary>Whether a key with these scopes may give out keys with <paramref name="granted"/>. An administrator may give any scope.</summary>
        public bool MayGrant(KeyScopes granted) => (scopes & KeyScopes.Admin) != 0 || scopes.Allows(granted);

        /// <summary>As the API writes them.</summary>
        public ImmutableArray<string> ToNames() => [.. Names.Where(known => (scopes & known.Scope) != 0).Select(static known => known.Name)];

        /// <returns>False when there is no such scope.</returns>
        public static bool TryParse(string? name, out KeyScopes scope)
        {
            scope = Names.FirstOrDefault(known => known.Name == name).Scope;
            return scope != KeyScopes.None;
        }
    }
}
