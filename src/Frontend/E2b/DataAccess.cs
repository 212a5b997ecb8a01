namespace Podflare.E2b;

/// <summary>Endpoint metadata: what opens a route of a sandbox.</summary>
internal sealed record DataAccess(DataAccess.Kind Needs)
{
    public static readonly DataAccess Open = new(Kind.Nothing);

    internal enum Kind
    {
        /// <summary>It only reports whether the sandbox runs, to anyone who knows its id.</summary>
        Nothing,

        /// <summary>The token for files and processes.</summary>
        Envd,

        /// <summary>That token, or a signature of the URL for this operation, which the endpoint checks.</summary>
        EnvdOrSignature,

        /// <summary>The token for traffic, or that for files and processes.</summary>
        Interpreter,
    }
}
