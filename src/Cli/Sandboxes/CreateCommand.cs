using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Sandboxes;

internal static class CreateCommand
{
    public static Command Create(GlobalOptions global)
    {
        var template = new Option<string?>("--template") { Description = "Template to make it from", HelpName = "name" };
        var lifetime = new Option<double?>("--lifetime") { Description = "Seconds after which it ends whatever it does", HelpName = "seconds" };
        var idle = new Option<double?>("--idle-timeout") { Description = "Seconds without a run after which it ends", HelpName = "seconds" };
        var ram = new Option<int?>("--ram-mib") { Description = "Memory in MiB", HelpName = "mib" };
        var disk = new Option<int?>("--rootfs-gb") { Description = "Disk in GB", HelpName = "gb" };
        var egress = new Option<bool>("--egress") { Description = "Let its code reach the network, where the server offers that" };
        var metadata = new Option<string[]>("--metadata", "-m") { Description = "Text to find it by; may be repeated", HelpName = "name=value" };
        var env = new Option<string[]>("--env", "-e") { Description = "Environment variable of all its runs; may be repeated", HelpName = "name=value" };
        return new Command("create", "Make a sandbox and tell its id") { template, lifetime, idle, ram, disk, egress, metadata, env }.Does(global, async context =>
        {
            var options = new SandboxOptions
            {
                Template = context.Value(template),
                Lifetime = Seconds(context.Value(lifetime), "--lifetime"),
                IdleTimeout = Seconds(context.Value(idle), "--idle-timeout"),
                RamMib = context.Value(ram),
                RootfsGb = context.Value(disk),
                Egress = context.Value(egress) ? true : null,
                Metadata = Texts.ParsePairs(context.Value(metadata), "--metadata"),
                Env = Texts.ParsePairs(context.Value(env), "--env"),
            };
            var sandbox = await context.Screen.WaitAsync("Creating a sandbox", () => context.Client.CreateSandboxAsync(options, context.Interruption.Token));
            if (context.IsJson)
            {
                context.Screen.Json(sandbox.Info!, CliJson.Default.SandboxInfo);
                return 0;
            }

            foreach (var warning in sandbox.Warnings) context.Screen.Warn(warning);
            context.Screen.Line(sandbox.Id);
            return 0;
        });
    }

    private static TimeSpan? Seconds(double? seconds, string option) => seconds switch
    {
        null => null,
        > 0 => TimeSpan.FromSeconds(seconds.Value),
        _ => throw new CliException($"{option} must be more than 0 seconds."),
    };
}
