namespace Podflare.Runs;

/// <summary>Which top-level expressions of Python code give <c>result</c> events.</summary>
[GenerateSerializer, Alias("podflare.DisplayPolicy")]
public enum DisplayPolicy
{
    /// <summary>None. The code is compiled as plain Python, without notebook syntax.</summary>
    None,

    /// <summary>The last one, unless its value is None or <c>;</c> follows.</summary>
    Last,

    /// <summary>All of them.</summary>
    All,
}
