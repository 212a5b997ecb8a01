using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;
using Podflare.Cli.Runs;

namespace Podflare.Cli.Sandboxes;

/// <summary><c>podflare sandbox</c>: sandboxes that live longer than one run.</summary>
internal static class SandboxCommands
{
    public static Command Create(GlobalOptions global) => new("sandbox", "Make, list, use and delete sandboxes")
    {
        CreateCommand.Create(global),
        ListCommand.Create(global),
        Get(global),
        Delete(global),
        Exec(global),
        LogsCommand.Create(global),
        CopyCommand.Create(global),
    };

    public static Argument<string> Id() => new("id") { Description = "The sandbox: sbx_ and 32 hex digits" };

    private static Command Get(GlobalOptions global)
    {
        var id = Id();
        return new Command("get", "Show one sandbox") { id }.Does(global, async context =>
        {
            var info = await context.Client.Attach(context.Value(id)!).GetInfoAsync(context.Interruption.Token);
            if (context.IsJson)
            {
                context.Screen.Json(info, CliJson.Default.SandboxInfo);
                return 0;
            }

            foreach (var (name, value) in new (string, string?)[]
            {
                ("id", info.Id),
                ("state", info.State),
                ("template", info.Template),
                ("created", Texts.Time(info.CreatedAt)),
                ("expires", Texts.Time(info.ExpiresAt)),
                ("idle timeout", $"{info.IdleTimeoutSeconds:0.###} s"),
                ("egress", info.Egress ? "yes" : "no"),
                ("metadata", Texts.Pairs(info.Metadata)),
                ("ended", info.EndedAt is { } ended ? Texts.Time(ended) : null),
                ("ended reason", info.EndedReason),
            })
            {
                if (value is not null) context.Screen.Line($"{name + ":",-14} {Texts.Clean(value)}");
            }

            return 0;
        });
    }

    private static Command Delete(GlobalOptions global)
    {
        var ids = new Argument<string[]>("id") { Description = "The sandboxes", Arity = ArgumentArity.OneOrMore };
        return new Command("rm", "Delete sandboxes with all that runs and lies in them") { ids }.Does(global, async context =>
        {
            var deleted = new List<string>();
            var failed = false;
            foreach (var id in context.Value(ids)!)
            {
                try
                {
                    await context.Client.Attach(id).DeleteAsync(context.Interruption.Token);
                    deleted.Add(id);
                    if (!context.IsJson) context.Screen.Line(id);
                }
                catch (PodflareApiException e)
                {
                    // The others are to go all the same.
                    context.Screen.Fail(e);
                    failed = true;
                }
            }

            if (context.IsJson) context.Screen.Json(new DeletedJson(deleted), CliJson.Default.DeletedJson);
            return failed ? ExitCodes.Failed : 0;
        });
    }

    private static Command Exec(GlobalOptions global)
    {
        var id = Id();
        var code = new CodeOptions();
        var command = new Command("exec", "Run code in a sandbox, with its output as it comes; the exit status is the code's own (125: the code was not run)") { id };
        code.AddTo(command);
        return command.Does(global, async context =>
        {
            var (text, options) = await code.ReadAsync(context);
            return await LiveRun.RunAsync(context.Client.Attach(context.Value(id)!), text, options, context);
        }, ExitCodes.NotRun);
    }
}
