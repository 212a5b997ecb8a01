namespace Podflare.Background;

/// <summary>A hosted service whose loop is restarted when it fails, so that one failure neither stops the process nor goes unnoticed.</summary>
/// <param name="task">A short constant name for logs and metrics.</param>
/// <param name="supervisor">Restarts the loop.</param>
internal abstract class SupervisedService(string task, Supervisor supervisor) : BackgroundService
{
    protected string TaskName => task;

    protected Supervisor Supervisor => supervisor;

    protected abstract Task RunAsync(CancellationToken stoppingToken);

    protected sealed override Task ExecuteAsync(CancellationToken stoppingToken) => supervisor.RunAsync(task, RunAsync, stoppingToken);
}
