namespace Podflare.Problems;

/// <summary>Feature of a request: its dialect has error bodies of its own.</summary>
internal interface IProblemFormat
{
    /// <param name="cause">The exception that the problem was made of; null for a status that routing has set.</param>
    Task WriteAsync(HttpContext context, Problem problem, Exception? cause);
}
