using System.Text.Json;
using Microsoft.Extensions.AI;
using Podflare.AgentTests.Models;
using Podflare.Extensions.AI;
using Podflare.NetSdk.Services;

namespace Podflare.AgentTests;

/// <summary>A scripted agent solves the task that the agents of all languages solve, and its model reads the same texts.</summary>
public sealed class AgentTaskTests(Service service)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_model_reads_what_it_reads_in_every_language()
    {
        var path = Path.Combine(TestRun.Repository, "clients", "vectors", "agent_task.json");
        var task = JsonSerializer.Deserialize<AgentTask>(await File.ReadAllTextAsync(path, Token), JsonSerializerOptions.Web)!;
        await using var sandbox = await service.Client.CreateSandboxAsync(new SandboxOptions { Template = task.Template }, Token);
        await sandbox.Files.WriteTextAsync(task.File.Path, task.File.Content, Token);

        var model = new ScriptedModel([.. task.Steps.Select(step => ScriptedModel.Runs(step.Code)), ScriptedModel.Says(task.Answer)]);
        using var agent = model.AsBuilder().UseFunctionInvocation().Build();
        var response = await agent.GetResponseAsync(task.Question, new ChatOptions { Tools = [sandbox.AsAIFunction()] }, Token);

        Assert.Equal(task.Answer, response.Text);
        var read = model.Requests[^1].SelectMany(message => message.Contents).OfType<FunctionResultContent>().ToList();
        Assert.Equal(task.Steps.Select(step => step.Text), read.Select(ScriptedModel.TextOf));
        Assert.Equal(task.Steps.Select(step => step.Images), read.Select(result => Images(result).Count()));
        Assert.All(read.SelectMany(Images), image => Assert.True(image.MediaType == "image/png" && image.Data.Span[1..4].SequenceEqual("PNG"u8)));
    }

    private static IEnumerable<DataContent> Images(FunctionResultContent result) => (result.Result as IEnumerable<AIContent> ?? []).OfType<DataContent>();

    private sealed record AgentTask(string Template, TaskFile File, string Question, IReadOnlyList<TaskStep> Steps, string Answer);

    private sealed record TaskFile(string Path, string Content);

    private sealed record TaskStep(string Code, string Text, int Images);
}
