"""Addresses of the pages."""

from django.contrib.auth import views as auth
from django.urls import path

from portal.pages.views import (
    account,
    datasets,
    files,
    home,
    instruments,
    investigations,
    jobs,
    jobs_list,
    pipelines,
    reprocess,
    reprocess_many,
    staff,
    tasks,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("account/", account.account, name="account"),
    path("account/tokens/<str:token_key>/revoke/", account.revoke_token, name="revoke-token"),
    path("investigations/<int:pk>/", investigations.investigation, name="investigation"),
    path("datasets/<int:pk>/", datasets.dataset, name="dataset"),
    path("datasets/<int:pk>/archive/", files.archive, name="archive"),
    path("datasets/<int:pk>/reprocess/", reprocess.choose, name="choose-pipeline"),
    path("datasets/<int:pk>/reprocess/<str:identifier>/", reprocess.start, name="reprocess"),
    path("datasets/reprocess/", reprocess_many.choose, name="choose-pipeline-for-many"),
    path("datasets/reprocess/<str:identifier>/", reprocess_many.start, name="reprocess-many"),
    path("datafiles/<int:pk>/download/", files.download, name="download"),
    path("datafiles/<int:pk>/explore/", files.explore, name="explore"),
    path("jobs/", jobs_list.jobs, name="jobs"),
    path("jobs/progress/", jobs_list.progress, name="jobs-progress"),
    path("jobs/<uuid:pk>/", jobs.job, name="job"),
    path("jobs/<uuid:pk>/progress/", jobs.progress, name="job-progress"),
    path("jobs/<uuid:pk>/cancel/", jobs.cancel, name="cancel-job"),
    path("pipelines/", pipelines.pipelines, name="pipelines"),
    path("pipelines/<slug:identifier>/", pipelines.pipeline, name="pipeline"),
    path("pipelines/<slug:identifier>/workflow.json", pipelines.document, name="pipeline-document"),
    path("pipelines/<slug:identifier>/switch/", pipelines.switch, name="switch-pipeline"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<path:identifier>/", tasks.task, name="task"),
    path("instruments/", instruments.instruments, name="instruments"),
    path("instruments/<int:pk>/", instruments.instrument, name="instrument"),
    path("staff/", staff.staff, name="staff"),
    path("staff/state/", staff.state, name="staff-state"),
    path("jobs/<uuid:pk>/retry/", jobs.retry, name="retry-job"),
    path("about/", home.about, name="about"),
]
