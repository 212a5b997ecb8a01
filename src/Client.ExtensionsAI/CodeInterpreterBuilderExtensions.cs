using Microsoft.Extensions.DependencyInjection;
using Podflare;
using Podflare.Extensions.AI;

namespace Microsoft.Extensions.AI;

/// <summary>Adds a code interpreter to a pipeline of chat clients.</summary>
/// <example>
/// <code>
/// IChatClient client = model.AsBuilder().UsePodflareCodeInterpreter(podflare).UseFunctionInvocation().Build();
/// </code>
/// </example>
public static class CodeInterpreterBuilderExtensions
{
    /// <summary>
    /// Executes the code of models that have a <see cref="HostedCodeInterpreterTool"/> in sandboxes; see <see cref="CodeInterpreterChatClient"/>. Call it
    /// before <c>UseFunctionInvocation</c>; otherwise <see cref="ChatClientBuilder.Build(IServiceProvider?)"/> throws <see cref="InvalidOperationException"/>.
    /// The sandboxes are created by the <see cref="PodflareClient"/> of the application's services.
    /// </summary>
    public static ChatClientBuilder UsePodflareCodeInterpreter(this ChatClientBuilder builder) => UsePodflareCodeInterpreter(builder, podflare: null, options: null);

    /// <summary>Executes the code in sandboxes that a client creates; see <see cref="UsePodflareCodeInterpreter(ChatClientBuilder)"/>.</summary>
    /// <param name="podflare">The client that creates the sandboxes.</param>
    public static ChatClientBuilder UsePodflareCodeInterpreter(this ChatClientBuilder builder, PodflareClient podflare) => UsePodflareCodeInterpreter(builder, podflare, options: null);

    /// <summary>Executes the code as options say; see <see cref="UsePodflareCodeInterpreter(ChatClientBuilder)"/>.</summary>
    /// <param name="podflare">The client that creates the sandboxes; null for that of the application's services.</param>
    /// <param name="options">The options; null for the defaults.</param>
    public static ChatClientBuilder UsePodflareCodeInterpreter(this ChatClientBuilder builder, PodflareClient? podflare, CodeInterpreterOptions? options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Use((inner, services) => new CodeInterpreterChatClient(inner, podflare ?? services.GetRequiredService<PodflareClient>(), options));
    }

    /// <summary>Executes all code in one sandbox; see <see cref="UsePodflareCodeInterpreter(ChatClientBuilder)"/>.</summary>
    /// <param name="sandbox">The sandbox. Its owner disposes it.</param>
    public static ChatClientBuilder UsePodflareCodeInterpreter(this ChatClientBuilder builder, Sandbox sandbox) => UsePodflareCodeInterpreter(builder, sandbox, new CodeFunctionOptions());

    /// <summary>Executes all code in one sandbox; see <see cref="UsePodflareCodeInterpreter(ChatClientBuilder)"/>.</summary>
    /// <param name="sandbox">The sandbox. Its owner disposes it.</param>
    /// <param name="options">How the code is executed.</param>
    public static ChatClientBuilder UsePodflareCodeInterpreter(this ChatClientBuilder builder, Sandbox sandbox, CodeFunctionOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Use(inner => new CodeInterpreterChatClient(inner, sandbox, options));
    }
}
