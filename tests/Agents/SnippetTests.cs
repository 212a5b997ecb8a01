using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Podflare.Agents;
using Podflare.AgentTests.Models;
using Podflare.Extensions.AI;
using Podflare.NetSdk.Services;

// The snippets are as a user writes them, without the token of a test.
#pragma warning disable xUnit1051

namespace Podflare.AgentTests;

/// <summary>The READMEs of the packages, the guides and the sample: each of their snippets is in this file and is run.</summary>
public sealed partial class SnippetTests(Service service)
{
    private const string Code = "print(sum(range(101)))";

    [Fact]
    public void Every_snippet_is_compiled_here()
    {
        string[] pages = ["src/Client.ExtensionsAI/README.md", "src/Client.Agents/README.md", "docs/guides/microsoft-extensions-ai.md", "docs/guides/microsoft-agent-framework.md"];
        var here = Flat(File.ReadAllText(Path.Combine(TestRun.Repository, "tests", "Agents", "SnippetTests.cs")));
        var snippets = pages.SelectMany(page => Snippet().Matches(File.ReadAllText(Path.Combine(TestRun.Repository, page)))).Select(match => match.Groups[1].Value).ToArray();
        Assert.Equal(8, snippets.Length);
        Assert.All(snippets, snippet => Assert.Contains(Flat(snippet.Replace("new PodflareClient();", "Here();", StringComparison.Ordinal)), here, StringComparison.Ordinal));

        static string Flat(string text) => string.Join('\n', text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));
    }

    [Fact]
    public async Task A_function_and_an_interpreter()
    {
        var model = Model(Code, Code);
        using var podflare = Here();  // PODFLARE_HOSTD_URL, or http://127.0.0.1:7070; PODFLARE_API_KEY
        await using var sandbox = await podflare.CreateSandboxAsync();

        IChatClient client = model.AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions { Tools = [sandbox.AsAIFunction()] };
        Console.WriteLine(await client.GetResponseAsync("What is the sum of the numbers from 1 to 100?", options));

        Assert.Equal("5050\n\n", Console.Take());
        var find = AIFunctionFactory.Create((string q) => new[] { $"about {q}" }, "find", "Searches the index.");
        var function = sandbox.AsAIFunction(new CodeFunctionOptions { Tools = [find] });
        Console.WriteLine(await function.InvokeAsync(new AIFunctionArguments { ["code"] = "[tools.find(q=q)[0] for q in ('a', 'b')]" }));

        Assert.Equal("['about a', 'about b']\n", Console.Take());
        await using var interpreter = new CodeInterpreterChatClient(model.AsBuilder().UseFunctionInvocation().Build(), podflare);
        List<ChatMessage> history = [new(ChatRole.User, "Add up the numbers from 1 to 100, and keep the total.")];
        var tools = new ChatOptions { Tools = [new HostedCodeInterpreterTool()] };
        var response = await interpreter.GetResponseAsync(history, tools);
        history.AddRange(response.Messages);
        foreach (var call in history.SelectMany(message => message.Contents).OfType<CodeInterpreterToolCallContent>()) Console.WriteLine(Encoding.UTF8.GetString(((DataContent)call.Inputs![0]).Data.Span));

        Assert.Equal($"{Code}\n", Console.Take());
        Assert.Equal("5050\n", response.Text);
    }

    [Fact]
    public void An_application_builds_the_pipeline()
    {
        using var model = new ScriptedModel();
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddPodflareClient();
        builder.Services.AddChatClient(model).UsePodflareCodeInterpreter().UseFunctionInvocation();
        using var host = builder.Build();
        Assert.NotNull(host.Services.GetRequiredService<IChatClient>().GetService<CodeInterpreterChatClient>());
    }

    [Fact]
    public async Task The_guide_of_chat_clients()
    {
        var model = Model(Code);
        using var podflare = Here();
        IChatClient client = model.AsBuilder().UsePodflareCodeInterpreter(podflare).UseFunctionInvocation().Build();

        var options = new ChatOptions { Tools = [new HostedCodeInterpreterTool()] };
        List<ChatMessage> history = [new(ChatRole.User, "What is the sum of the numbers from 1 to 100?")];
        await foreach (var update in client.GetStreamingResponseAsync(history, options)) Console.Write(update.Text);

        Assert.Equal("5050\n", Console.Take());
    }

    [Fact]
    public async Task An_agent_that_keeps_variables()
    {
        var model = Model(Code);
        using var podflare = Here();  // PODFLARE_HOSTD_URL, or http://127.0.0.1:7070; PODFLARE_API_KEY
        await using var code = new CodeActProvider(podflare, new CodeActOptions { KeepVariables = true });
        AIAgent agent = model.AsAIAgent(new ChatClientAgentOptions { AIContextProviders = [code] });

        var session = await agent.CreateSessionAsync();
        Console.WriteLine(await agent.RunAsync("What is the sum of the numbers from 1 to 100?", session));
        await code.EndConversationAsync(session);

        Assert.Equal("5050\n\n", Console.Take());
    }

    [Fact]
    public async Task The_guide_of_agents()
    {
        var model = Model(Code);
        using var podflare = Here();
        await using var code = new CodeActProvider(podflare);
        AIAgent agent = model.AsAIAgent(new ChatClientAgentOptions { Name = "analyst", AIContextProviders = [code] });

        var session = await agent.CreateSessionAsync();
        await foreach (var update in agent.RunStreamingAsync("What is the sum of the numbers from 1 to 100?", session)) Console.Write(update.Text);
        await code.EndConversationAsync(session);

        Assert.Equal("5050\n", Console.Take());
        await using var sandbox = await podflare.CreateSandboxAsync();
        var shell = AIFunctionFactory.Create(
            async (string command, CancellationToken cancellationToken) =>
                (await sandbox.RunProcessAsync(ProcessCommand.Shell(command), new ProcessOptions { Timeout = TimeSpan.FromMinutes(5) }, cancellationToken)).ForModel(),
            "run_bash",
            "Runs a bash command in a sandbox. Each command is a process of its own.");

        Assert.Equal("/root\n", (await shell.InvokeAsync(new AIFunctionArguments { ["command"] = "pwd" }))?.ToString());
    }

    [Fact]
    public async Task The_sample_answers_both_questions()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(TestRun.Repository, "artifacts", "bin", "AgentSample", "release", "AgentSample.dll")]) { RedirectStandardOutput = true };
        start.Environment["PODFLARE_HOSTD_URL"] = service.Address.ToString();
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(
            "> What is the sum of the numbers from 1 to 100?\n[code] total = sum(range(101))\nprint(total)\nIt is 5050.\n> And its square?\n[code] total ** 2\nIt is 25502500.\n", output);
        Assert.Equal(0, process.ExitCode);
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Snippet();

    private static ScriptedModel Model(params string[] programs) => new([.. programs.SelectMany(program => new[] { ScriptedModel.Runs(program), ScriptedModel.SaysTheResult() })]);

    private PodflareClient Here() => service.Connect();

    /// <summary>Where the snippets write to.</summary>
    private static class Console
    {
        private static readonly StringWriter To = new() { NewLine = "\n" };

        public static string Take()
        {
            var text = To.ToString();
            To.GetStringBuilder().Clear();
            return text;
        }

        public static void Write(object? value) => To.Write(value);

        public static void WriteLine(object? value) => To.WriteLine(value);
    }
}
