using Microsoft.Extensions.AI;
using Podflare.Extensions.AI.Leases;

namespace Podflare.Extensions.AI;

/// <summary>Makes functions for language models from sandboxes.</summary>
/// <example>
/// <code>
/// var options = new ChatOptions { Tools = [sandbox.AsAIFunction()] };
/// var response = await chatClient.GetResponseAsync("What is the 20th prime?", options);
/// </code>
/// </example>
public static class SandboxFunctions
{
    /// <summary>
    /// Returns a function that executes Python code in this sandbox. It returns the text of <see cref="RunResult.ForModel"/>, and images as
    /// <see cref="DataContent"/> after it. Code that fails is a result, not an exception. Cancellation interrupts the run.
    /// </summary>
    /// <param name="sandbox">The sandbox. Its owner disposes it.</param>
    /// <param name="options">How the code is executed; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is not valid.</exception>
    public static AIFunction AsAIFunction(this Sandbox sandbox, CodeFunctionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(sandbox);
        return ExecuteCodeFunction.Create(new GivenSandbox(sandbox), options ?? new CodeFunctionOptions());
    }
}
